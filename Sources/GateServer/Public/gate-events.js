// Telemetry on its way to the server: in batches, tried again with the same ids, and once more when the page goes away.

import { SECOND, backoff, deadline, now, pause, retryAfter, since } from './gate-clock.js';

/** @typedef {import('./gate-feed.js').Authorization} Authorization */
/** @typedef {Record<string, string | number | boolean | null>} Properties */

/**
 * @typedef {object} TrackerHost
 * @property {string} url
 * @property {typeof fetch} fetch
 * @property {() => Promise<Authorization | null>} authorize
 * @property {() => Authorization | null} authorized the last authorization, for when there is no time to ask
 * @property {(event: string, properties: Properties) => void} [onTrack]
 */

/**
 * An event that the server has not acknowledged. `riding` while a request that outlives the page carries it.
 * @typedef {{json: string, bytes: number, made: import('./gate-clock.js').Moment, riding: boolean}} Entry
 */

const EVENTS_A_BATCH = 100;
const BYTES_A_BATCH = 256 * 1024;
/** Browsers let 64 KiB outlive a page. */
const BYTES_OUTLIVING = 60_000;
const EVENTS_KEPT = 1_000;
/** The server knows an id for 24 hours; later than that an event could count twice. */
const KEPT_FOR = 23 * 3_600 * SECOND;
const GATHER_FOR = 1 * SECOND;
const ANSWER_WITHIN = 15 * SECOND;
const OVERHEAD = '{"events":[]}'.length;
const HOPELESS = [400, 413, 415, 422];

const encoder = new TextEncoder();

/** Keeps events until the server has taken them. */
export class Tracker {
  #host;
  #signal;
  #attempts = new Attempts();
  /** @type {Entry[]} */
  #queue = [];
  #most = EVENTS_A_BATCH;
  #sending = false;

  /**
   * @param {TrackerHost} host
   * @param {AbortSignal} signal
   */
  constructor(host, signal) {
    this.#host = host;
    this.#signal = signal;
  }

  /**
   * @param {string} event
   * @param {Record<string, unknown>} properties those that are neither text, number nor truth are left out
   */
  track(event, properties) {
    if (this.#signal.aborted) return;
    const plain = /** @type {Properties} */ (Object.fromEntries(Object.entries(properties).filter(([, value]) => isPlain(value))));
    const attempt_id = this.#attempts.of(event, plain);
    try {
      this.#host.onTrack?.(event, { ...plain });
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
    const json = JSON.stringify({ id: randomID(), event, at: new Date().toISOString(), attempt_id, properties: plain });
    const bytes = encoder.encode(json).length;
    if (bytes + OVERHEAD > BYTES_A_BATCH) return;
    this.#queue.push({ json, bytes, made: now(), riding: false });
    if (this.#queue.length > EVENTS_KEPT) this.#queue.shift();
    void this.#send();
  }

  /** Sends what is waiting in requests that outlive the page; what they carry is not sent twice while they are under way. */
  farewell() {
    const authorization = this.#host.authorized();
    if (!authorization) return;
    let room = BYTES_OUTLIVING;
    for (const entry of this.#queue) if (entry.riding) room -= entry.bytes;
    for (let batch = this.#batch(room); batch.length > 0; batch = this.#batch(room)) {
      room -= size(batch);
      for (const entry of batch) entry.riding = true;
      const sent = batch;
      this.#post(sent, authorization).then(
        (response) => response.ok && this.#forget(sent),
        () => {},
      ).finally(() => {
        for (const entry of sent) entry.riding = false;
      });
    }
  }

  /** Another user has come: what the one before did is not theirs. */
  clear() {
    this.#queue = [];
    this.#attempts = new Attempts();
  }

  /** Gathers for a second, then sends batch after batch until nothing waits. */
  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    await pause(GATHER_FOR, this.#signal);
    for (let attempt = 0; !this.#signal.aborted; ) {
      this.#queue = this.#queue.filter((entry) => since(entry.made) < KEPT_FOR);
      if (this.#queue.length === 0) break;
      const batch = this.#batch(BYTES_A_BATCH);
      const wait = batch.length > 0 ? await this.#sendOnce(batch) : 0;
      if (wait === null) attempt = 0;
      else await pause(wait + backoff(attempt++), this.#signal, wait === 0);
    }
    this.#sending = false;
  }

  /**
   * @param {Entry[]} batch
   * @returns {Promise<number | null>} null when the batch is done with, else how long the server wants us to wait
   */
  async #sendOnce(batch) {
    const outlives = size(batch) <= BYTES_OUTLIVING;
    const limit = deadline(outlives ? new AbortController().signal : this.#signal);
    limit.extend(ANSWER_WITHIN);
    try {
      const authorization = await this.#host.authorize();
      if (!authorization || limit.signal.aborted) return 0;
      for (const entry of batch) entry.riding = outlives;
      const response = await this.#post(batch, authorization, outlives, limit.signal);
      await response.body?.cancel();
      if (response.status === 413 && batch.length > 1) {
        this.#most = Math.ceil(batch.length / 2);
        return 0;
      }
      if (!response.ok && !HOPELESS.includes(response.status)) return retryAfter(response);
      this.#forget(batch);
      return null;
    } catch {
      return 0;
    } finally {
      for (const entry of batch) entry.riding = false;
      limit.end();
    }
  }

  /**
   * @param {Entry[]} batch
   * @param {Authorization} authorization
   * @param {boolean} [keepalive]
   * @param {AbortSignal} [signal]
   */
  #post(batch, authorization, keepalive = true, signal) {
    return this.#host.fetch(this.#host.url, {
      method: 'POST', headers: { 'Content-Type': 'application/json', ...authorization.headers }, credentials: authorization.credentials,
      body: `{"events":[${batch.map((entry) => entry.json).join(',')}]}`, redirect: 'error', keepalive, signal: signal ?? null,
    });
  }

  /**
   * The oldest that fit and are not on their way.
   * @param {number} bytes
   */
  #batch(bytes) {
    /** @type {Entry[]} */
    const batch = [];
    let room = bytes - OVERHEAD;
    for (const entry of this.#queue) {
      if (entry.riding) continue;
      room -= entry.bytes + 1;
      if (room < 0 || batch.length === this.#most) break;
      batch.push(entry);
    }
    return batch;
  }

  /** @param {Entry[]} batch */
  #forget(batch) {
    const gone = new Set(batch);
    this.#queue = this.#queue.filter((entry) => !gone.has(entry));
  }
}

/**
 * Which attempt at creating something an event belongs to, told by how its name ends: `opened` begins an attempt, and so does the first event
 * after an outcome, since the form stays open and may be submitted again. What became of a link belongs to the attempt that created it.
 */
class Attempts {
  /** @type {Map<string, {id: string, over: boolean, created: string | null}>} */
  #current = new Map();

  /**
   * @param {string} event
   * @param {Properties} properties
   */
  of(event, properties) {
    const parts = /^(.*)_(opened|created|create_error|load_failed|associated|associate_failed)$/.exec(event);
    if (!parts) return undefined;
    const [, funnel, outcome] = parts;
    const key = `${funnel} ${properties['contact_id']}`;
    let attempt = this.#current.get(key);
    if (outcome === 'associated' || outcome === 'associate_failed') return attempt?.created ?? attempt?.id;
    if (!attempt || attempt.over || outcome === 'opened') {
      attempt = { id: randomID(), over: false, created: attempt?.created ?? null };
      this.#current.delete(key);
      this.#current.set(key, attempt);
      const oldest = this.#current.keys().next();
      if (this.#current.size > 100 && !oldest.done) this.#current.delete(oldest.value);
    }
    if (outcome !== 'opened') attempt.over = true;
    if (outcome === 'created') attempt.created = attempt.id;
    return attempt.id;
  }
}

/** @param {unknown} value */
function isPlain(value) {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

/** @param {Entry[]} batch */
function size(batch) {
  return batch.reduce((sum, entry) => sum + entry.bytes + 1, OVERHEAD);
}

/** A version 4 UUID, on pages without TLS too. */
function randomID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
