// Time, for the other parts: how long ago something was, and how long to wait before trying again.

/**
 * A point in time on two clocks.
 * @typedef {{wall: number, steady: number}} Moment
 */

export const SECOND = 1_000;
const BACKOFF_FIRST = 1 * SECOND;
const BACKOFF_LAST = 30 * SECOND;
const RETRY_AFTER_MOST = 300 * SECOND;

/** @returns {Moment} */
export function now() {
  return { wall: Date.now(), steady: performance.now() };
}

/**
 * Milliseconds since a moment, infinity for one that never was.
 *
 * Of the two clocks the one that went further counts: the wall clock goes on while the machine sleeps, the
 * steady one cannot be set back. So a mistake makes an answer look older than it is, never younger.
 * @param {Moment | null} moment
 */
export function since(moment) {
  return moment ? Math.max(Date.now() - moment.wall, performance.now() - moment.steady, 0) : Infinity;
}

/**
 * The moment so many milliseconds ago.
 * @param {number} age
 * @returns {Moment}
 */
export function ago(age) {
  return { wall: Date.now() - age, steady: performance.now() - age };
}

/**
 * Full jitter: anything up to 1, 2, 4 … 30 seconds.
 * @param {number} attempt counted from 0
 */
export function backoff(attempt) {
  return Math.random() * Math.min(BACKOFF_LAST, BACKOFF_FIRST * 2 ** Math.min(attempt, 16));
}

/**
 * What a Retry-After header asks for, in milliseconds (RFC 9110 §10.2.3: seconds or a date), within five minutes; 0 without one.
 * @param {Response} response
 */
export function retryAfter(response) {
  const text = response.headers.get('Retry-After')?.trim() ?? '';
  const wanted = /^\d+$/.test(text) ? Number(text) * SECOND : Date.parse(text) - Date.now();
  return wanted > 0 ? Math.min(wanted, RETRY_AFTER_MOST) : 0;
}

/**
 * Resolves after so many milliseconds, when the signal aborts, or, where it may be hasty, as soon as the browser is online again.
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @param {boolean} [hasty]
 * @returns {Promise<void>}
 */
export function pause(milliseconds, signal, hasty = false) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      globalThis.removeEventListener?.('online', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    if (hasty) globalThis.addEventListener?.('online', end);
  });
}

/**
 * A signal that aborts with another one, or when it was not put off for so many milliseconds.
 * @param {AbortSignal} outer
 */
export function deadline(outer) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let expired = false;
  if (outer.aborted) abort();
  outer.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    /** Whether it was time that ran out. */
    get expired() {
      return expired;
    },
    /** @param {number} milliseconds */
    extend(milliseconds) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        expired = true;
        abort();
      }, milliseconds);
    },
    end() {
      clearTimeout(timer);
      outer.removeEventListener('abort', abort);
      abort();
    },
  };
}
