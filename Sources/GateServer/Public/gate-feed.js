// Where answers come from: the server's stream, or, where nothing can be streamed, asking again and again.

import { SECOND, backoff, deadline, now, pause, retryAfter, since } from './gate-clock.js';
import { readEvents } from './server-sent-events.js';

/**
 * What a feed tells. The same messages go to the other tabs, so they hold plain data only.
 * @typedef {{kind: 'whole' | 'change', id: string | null, flags: [string, boolean][], gates: [string, boolean][]}} Answers
 * @typedef {{kind: 'permissions', list: [string, boolean][] | null, ok: boolean}} Permissions `list` null: as before
 * @typedef {{kind: 'heard'} | {kind: 'doubt'} | {kind: 'refused'} | {kind: 'lost'} | {kind: 'failed'}} Sign
 *   of life; that permissions may be wrong by now; that the credential is not good; that an event could not be read; that an attempt failed
 * @typedef {Answers | Permissions | Sign} News
 */

/**
 * @typedef {{headers: Record<string, string>, credentials: RequestCredentials}} Authorization
 * @typedef {object} FeedHost
 * @property {string} baseURL
 * @property {typeof fetch} fetch
 * @property {() => Promise<Authorization | null>} authorize null when there is nobody to ask for
 * @property {() => string | null} position the id of the last answers, to go on from
 * @property {() => number} silence milliseconds since the server was last heard
 * @property {(news: News) => void} receive
 */

/**
 * How one connection, or one round of asking, ended.
 * @typedef {'ended' | 'refused' | 'failed' | 'unstreamable' | 'polled'} End
 */

const ANSWER_WITHIN = 15 * SECOND;
const SILENCE_MOST = 45 * SECOND;
const POLL_EVERY = 15 * SECOND;
const PERMISSIONS_EVERY = 60 * SECOND;
const STREAM_AGAIN = 60 * SECOND;
const STEADY_AFTER = 15 * SECOND;
const STRIKES = 3;
const RETRY_HINT_MOST = 30 * SECOND;
const BUSY_MOST = 30 * SECOND;
const REFUSALS = [401, 403, 404];
const BUSY = [408, 425, 429, 502, 503, 504];

/** Follows one caller's answers until it is told to stop. */
export class Feed {
  #host;
  #attempt = 0;
  /** Connections in a row that say: streaming does not work here. */
  #strikes = 0;
  /** @type {import('./gate-clock.js').Moment | null} */
  #polling = null;
  #streamable = typeof ReadableStream === 'function' && typeof TextDecoder === 'function';
  #wait = 0;
  /**
   * What each path last answered.
   * @type {Map<string, {tag: string, body: any}>}
   */
  #known = new Map();
  /**
   * Who is asking for permissions now.
   * @type {{signal: AbortSignal, again: boolean} | null}
   */
  #asker = null;

  /** @param {FeedHost} host */
  constructor(host) {
    this.#host = host;
  }

  /**
   * Runs until the signal aborts, or the credential was refused.
   * @param {AbortSignal} signal
   * @returns {Promise<number>} how long to wait before trying again
   */
  async run(signal) {
    this.#known.clear();
    while (!signal.aborted) {
      this.#wait = 0;
      const poll = !this.#streamable || (this.#strikes >= STRIKES && since(this.#polling) < STREAM_AGAIN);
      const begun = now();
      const end = poll ? await this.#poll(signal) : await this.#stream(signal);
      if (signal.aborted) break;
      if (end === 'polled' || (end === 'ended' && since(begun) >= STEADY_AFTER)) this.#attempt = 0;
      if (end === 'refused' || end === 'failed' || end === 'unstreamable') this.#host.receive({ kind: end === 'refused' ? end : 'failed' });
      if (end === 'unstreamable' && ++this.#strikes >= STRIKES) this.#polling = now();
      if (end === 'polled') this.#polling ??= now();
      const asked = this.#wait;
      const delay = end === 'polled' ? POLL_EVERY * (0.8 + 0.4 * Math.random()) : backoff(this.#attempt++) + asked;
      if (end === 'refused') return delay;
      await pause(delay, signal, asked === 0);
    }
    return 0;
  }

  /**
   * @param {string} path
   * @param {AbortSignal} signal
   * @param {Record<string, string>} headers
   * @returns {Promise<Response | null>} null when there is nobody to ask for
   */
  async #get(path, signal, headers) {
    const authorization = await this.#host.authorize();
    if (!authorization || signal.aborted) return null;
    return this.#host.fetch(this.#host.baseURL + path, {
      headers: { ...headers, ...authorization.headers }, credentials: authorization.credentials, cache: 'no-store', redirect: 'error', signal,
    });
  }

  /**
   * One connection to the stream.
   * @param {AbortSignal} outer
   * @returns {Promise<End>}
   */
  async #stream(outer) {
    const limit = deadline(outer);
    limit.extend(ANSWER_WITHIN);
    let opened = false;
    const again = setInterval(() => opened && this.#askPermissions(limit.signal, false), PERMISSIONS_EVERY);
    try {
      const position = this.#host.position();
      /** @type {Record<string, string>} */
      const headers = { Accept: 'text/event-stream' };
      if (position) headers['Last-Event-ID'] = position;
      const response = await this.#get('/v1/stream', limit.signal, headers);
      if (!response) return 'refused';
      if (!response.ok) return this.#judge(response);
      if (!response.body) {
        this.#streamable = false;
        return 'unstreamable';
      }
      if (!/^text\/event-stream\b/i.test(response.headers.get('Content-Type') ?? '')) return 'unstreamable';
      await readEvents(response.body, {
        line: () => {
          limit.extend(SILENCE_MOST);
          this.#host.receive({ kind: 'heard' });
        },
        retry: (milliseconds) => (this.#wait = Math.min(milliseconds, RETRY_HINT_MOST)),
        event: ({ event, data, id }) => {
          if (event !== 'flags' && event !== 'change') return;
          const answers = read(event === 'flags' ? 'whole' : 'change', data, id);
          this.#strikes = 0;
          this.#polling = null;
          this.#host.receive(answers);
          if (!opened || answers.kind === 'whole' || answers.gates.length > 0) this.#askPermissions(limit.signal);
          opened = true;
        },
      });
      return opened ? 'ended' : 'unstreamable';
    } catch (error) {
      // What is no event of ours, or no answer in time, says that streaming does not work; a network that is away says nothing.
      if (error instanceof SyntaxError || error instanceof RangeError) {
        this.#host.receive({ kind: 'lost' });
        return 'unstreamable';
      }
      if (opened) return 'ended';
      return limit.expired ? 'unstreamable' : 'failed';
    } finally {
      clearInterval(again);
      limit.end();
    }
  }

  /**
   * @param {Response} response any but a good one
   * @returns {End}
   */
  #judge(response) {
    this.#wait = retryAfter(response);
    response.body?.cancel().catch(() => {});
    // A server that is being restarted is busy for a while; one that stays so may still answer questions.
    if (BUSY.includes(response.status)) return this.#host.silence() < BUSY_MOST ? 'failed' : 'unstreamable';
    if (!REFUSALS.includes(response.status)) return 'unstreamable';
    // A path that is not there looks the same as a token that is not good: refused either way, but asking again may still be answered.
    if (response.status !== 404) return 'refused';
    this.#host.receive({ kind: 'refused' });
    return 'unstreamable';
  }

  /**
   * One round of asking for flags and gates; what did not change is not sent again.
   * @param {AbortSignal} outer
   * @returns {Promise<End>}
   */
  async #poll(outer) {
    const limit = deadline(outer);
    limit.extend(ANSWER_WITHIN);
    try {
      const [flags, gates] = await Promise.all([this.#ask('/v1/feature_flags', limit.signal), this.#ask('/v1/gates', limit.signal)]);
      if (flags.refused || gates.refused) return 'refused';
      if (!flags.ok || !gates.ok) {
        this.#wait = Math.max(flags.wait, gates.wait);
        return 'failed';
      }
      this.#host.receive({ kind: 'heard' });
      this.#host.receive({
        kind: 'whole', id: earlier(flags.revision, gates.revision), flags: flagPairs(flags.body.data), gates: gatePairs(gates.body.data),
      });
      if (gates.changed) this.#host.receive({ kind: 'doubt' });
      await this.#permissionsOnce(limit.signal);
      return 'polled';
    } catch {
      return 'failed';
    } finally {
      limit.end();
    }
  }

  /**
   * @param {string} path
   * @param {AbortSignal} signal
   * @param {string | null} [least] a position that the answer must not be older than
   */
  async #ask(path, signal, least = null) {
    const known = this.#known.get(path);
    /** @type {Record<string, string>} */
    const headers = { Accept: 'application/json' };
    if (known) headers['If-None-Match'] = known.tag;
    if (least) headers['Gate-Min-Revision'] = least;
    const response = await this.#get(path, signal, headers);
    const answer = { ok: false, refused: false, changed: false, wait: 0, body: known?.body, revision: response?.headers.get('Gate-Revision') ?? null };
    if (!response) return { ...answer, refused: true };
    if (response.status === 304 && known) return { ...answer, ok: true };
    if (!response.ok) return { ...answer, refused: REFUSALS.includes(response.status), wait: retryAfter(response) };
    const body = await response.json();
    const tag = response.headers.get('ETag');
    if (tag) this.#known.set(path, { tag, body });
    return { ...answer, ok: true, changed: true, body };
  }

  /**
   * Asks for the permissions until they are known, once at a time.
   * @param {AbortSignal} signal
   * @param {boolean} [doubt] whether those known may be wrong by now
   */
  async #askPermissions(signal, doubt = true) {
    if (doubt) this.#host.receive({ kind: 'doubt' });
    if (this.#asker && !this.#asker.signal.aborted) {
      this.#asker.again = true;
      return;
    }
    const asker = { signal, again: false };
    this.#asker = asker;
    for (let attempt = 0; !signal.aborted; ) {
      asker.again = false;
      const wait = await this.#permissionsOnce(signal);
      if (wait !== null) await pause(wait + backoff(attempt++), signal, wait === 0);
      else if (!asker.again) break;
    }
    if (this.#asker === asker) this.#asker = null;
  }

  /**
   * @param {AbortSignal} outer
   * @returns {Promise<number | null>} null when they are known, else how long the server wants us to wait
   */
  async #permissionsOnce(outer) {
    const limit = deadline(outer);
    limit.extend(ANSWER_WITHIN);
    let wait = 0;
    let refused = false;
    try {
      const answer = await this.#ask('/v1/permissions', limit.signal, this.#host.position());
      if (answer.ok) {
        this.#host.receive({ kind: 'permissions', list: permissionPairs(answer.body.data), ok: true });
        return null;
      }
      ({ wait, refused } = answer);
    } catch {
      // Whatever it was, they are not known.
    } finally {
      limit.end();
    }
    if (outer.aborted) return null;
    this.#host.receive({ kind: 'permissions', list: refused ? [] : null, ok: false });
    return wait;
  }
}

/**
 * @param {'whole' | 'change'} kind
 * @param {string} data
 * @param {string | null} id
 * @returns {Answers}
 */
function read(kind, data, id) {
  const body = JSON.parse(data);
  const missing = kind === 'change' ? [] : undefined;
  return { kind, id, flags: flagPairs(body?.flags ?? missing), gates: gatePairs(body?.gates ?? missing) };
}

/**
 * @param {any} list
 * @param {(item: any) => [string, boolean]} pair
 */
function pairs(list, pair) {
  if (!Array.isArray(list)) throw new SyntaxError('not a list of answers');
  return list.map((item) => {
    const made = pair(item ?? {});
    if (typeof made[0] !== 'string') throw new SyntaxError('an answer without a name');
    return made;
  });
}

/**
 * On when both are true, and only then.
 * @param {any} list
 */
function flagPairs(list) {
  return pairs(list, (flag) => [flag.code, flag.enabled === true && flag.enabled_for_company === true]);
}

/** @param {any} list */
function gatePairs(list) {
  return pairs(list, (gate) => [gate.gate, gate.allowed === true]);
}

/** @param {any} data */
function permissionPairs(data) {
  return pairs(Array.isArray(data) ? data[0]?.permissions : data, (permission) => [permission.name, permission.is_enabled === true]);
}

/**
 * The earlier of two positions in one history; null where they cannot be compared.
 * @param {string | null} one
 * @param {string | null} other
 */
function earlier(one, other) {
  const first = position(one);
  const second = position(other);
  if (!first || !second || first.incarnation !== second.incarnation) return null;
  return first.revision <= second.revision ? one : other;
}

/**
 * @param {string | null} id `<incarnation>-<revision>`
 * @returns {{incarnation: string, revision: number} | null}
 */
export function position(id) {
  const parts = /^(.+)-(\d{1,15})$/.exec(id ?? '');
  return parts && parts[1] && parts[2] ? { incarnation: parts[1], revision: Number(parts[2]) } : null;
}
