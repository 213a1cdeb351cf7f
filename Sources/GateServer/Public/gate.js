// Gate in the browser: flags, permissions and gates of the user at hand, as they are now. Fails closed. Stores nothing on the device.

import { SECOND, deadline, since } from './gate-clock.js';
import { Tracker } from './gate-events.js';
import { Feed } from './gate-feed.js';
import { Known, flagObject } from './gate-known.js';
import { bearer, joinTabs, tabKey } from './gate-tabs.js';

/** @typedef {import('./gate-feed.js').News} News */
/** @typedef {import('./gate-known.js').Flags} Flags */
/** @typedef {import('./gate-feed.js').Authorization} Authorization */
/** @typedef {import('./gate-events.js').Properties} Properties */

/**
 * `connecting` before the first answer, `live`, `stale` when nothing was heard for a minute, `refused` when the token was not taken, `closed`.
 * @typedef {'connecting' | 'live' | 'stale' | 'refused' | 'closed'} Status
 */

/**
 * A decision with every clause, as `GET /v1/gates/{name}` answers it.
 * @typedef {{gate: string, allowed: boolean, reason: string, checks: any[]}} Decision
 */

/**
 * @typedef {object} GateOptions
 * @property {string} [baseURL] the server; the page's own origin without one
 * @property {() => string | null | undefined | Promise<string | null | undefined>} [getToken] the user's token, asked for at every connection;
 *   nothing when nobody is logged in. Without the function the server's cookie speaks, and tabs share nothing.
 * @property {(event: string, properties: Properties) => void} [onTrack] is told every event tracked, for Mixpanel or Datadog
 * @property {number} [maxStale] milliseconds for which flags keep their last known values when the server is not heard; five minutes
 * @property {typeof fetch} [fetch]
 */

/**
 * @typedef {object} Gate
 * @property {Promise<boolean>} ready true with the first answer, false as soon as there was none to be had; never rejects
 * @property {Flags} flags a new object whenever an answer changed, the same one otherwise
 * @property {(gate: string) => boolean} can whether the gate is open now
 * @property {(key: string) => boolean} permission whether the user has the permission now
 * @property {(listener: () => void) => () => void} subscribe calls back after each change of an answer or of the status; gives the way to stop it
 * @property {(gate: string) => Promise<Decision>} explain every clause of the gate's decision; a denial where there is no answer
 * @property {(event: string, properties?: Record<string, unknown>) => void} track
 * @property {() => void} close ends everything; what was tracked is still sent
 * @property {Status} status
 * @property {string | null} revision the position of the answers in the server's history
 */

const STALE_MOST = 300 * SECOND;
const ANSWER_WITHIN = 10 * SECOND;

/**
 * Follows the server for the user at hand.
 * @param {GateOptions} [options]
 * @returns {Gate}
 */
export function createGate(options = {}) {
  const gate = new Follower(options);
  return Object.freeze({
    ready: gate.ready,
    get flags() {
      return gate.flags();
    },
    can: (/** @type {string} */ name) => gate.can(name),
    permission: (/** @type {string} */ key) => gate.permission(key),
    subscribe: (/** @type {() => void} */ listener) => gate.subscribe(listener),
    explain: (/** @type {string} */ name) => gate.explain(name),
    track: (/** @type {string} */ event, /** @type {Record<string, unknown>} */ properties = {}) => gate.tracker.track(event, properties),
    close: () => gate.close(),
    get status() {
      return gate.status();
    },
    get revision() {
      return gate.known.id;
    },
  });
}

class Follower {
  known = new Known();
  #options;
  #baseURL;
  #maxStale;
  /** @type {typeof fetch} */
  #fetch;
  #closed = new AbortController();
  /** Ends following for the user that was. */
  #session = new AbortController();
  /** @type {(news: News) => void} */
  #pass = () => {};
  /**
   * Whom the last token spoke for; null before the first.
   * @type {string | null}
   */
  #who = null;
  /** @type {Authorization | null} */
  #authorized = null;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {{text: string, made: Flags}} */
  #flags = { text: '[]', made: flagObject(new Map(), false, () => since(this.known.heard)) };
  #told = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(answered: boolean) => void} */
  #settleReady = () => {};

  /** @param {GateOptions} options */
  constructor(options) {
    this.#options = options;
    this.#baseURL = new URL(options.baseURL || '/', globalThis.location?.href).href.replace(/[?#].*$/, '').replace(/\/+$/, '');
    this.#maxStale = options.maxStale ?? STALE_MOST;
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    /** @type {Promise<boolean>} */
    this.ready = new Promise((resolve) => (this.#settleReady = resolve));
    this.tracker = new Tracker({
      url: this.#baseURL + '/v1/events', fetch: this.#fetch, authorize: () => this.#authorize(), authorized: () => this.#authorized,
      ...(options.onTrack && { onTrack: options.onTrack }),
    }, this.#closed.signal);
    const ends = { signal: this.#closed.signal };
    globalThis.addEventListener?.('pagehide', () => this.#rest(), ends);
    globalThis.addEventListener?.('pageshow', (event) => event.persisted && void this.#begin(), ends);
    globalThis.document?.addEventListener('visibilitychange', () => this.#seen(), ends);
    void this.#begin();
  }

  /** @returns {Status} */
  status() {
    return this.#closed.signal.aborted ? 'closed' : this.known.status;
  }

  /** @param {string} name */
  can(name) {
    return this.status() === 'live' && this.known.gates.get(name) === true;
  }

  /** @param {string} key */
  permission(key) {
    return this.status() === 'live' && this.known.sure && this.known.permissions.get(key) === true;
  }

  flags() {
    const age = () => since(this.known.heard);
    const open = this.status() !== 'closed' && age() < this.#maxStale;
    const text = JSON.stringify([...this.known.flags].map(([code, on]) => [code, on && open]));
    if (text !== this.#flags.text) this.#flags = { text, made: flagObject(this.known.flags, open, age) };
    return this.#flags.made;
  }

  /** @param {() => void} listener */
  subscribe(listener) {
    const own = () => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /**
   * @param {string} name
   * @returns {Promise<Decision>}
   */
  async explain(name) {
    const limit = deadline(this.#closed.signal);
    limit.extend(ANSWER_WITHIN);
    let reason = 'unreachable';
    try {
      const authorization = await this.#authorize();
      if (authorization) {
        const { headers, credentials } = authorization;
        const url = `${this.#baseURL}/v1/gates/${encodeURIComponent(name)}`;
        const response = await this.#fetch(url, { headers, credentials, cache: 'no-store', redirect: 'error', signal: limit.signal });
        if (response.ok) return await response.json();
        if (response.status === 404) reason = 'gate_not_found';
        else if (response.status === 401 || response.status === 403) reason = 'refused';
      } else reason = 'refused';
    } catch {
      // No answer is a denial.
    } finally {
      limit.end();
    }
    return { gate: name, allowed: false, reason, checks: [] };
  }

  close() {
    this.tracker.farewell();
    this.#session.abort();
    this.#closed.abort();
    clearTimeout(this.#timer);
    this.#settleReady(false);
    this.#settle();
    this.#listeners.clear();
  }

  /** Joins the other tabs of the user at hand, whoever that is. */
  async #begin() {
    this.#session.abort();
    const session = new AbortController();
    this.#session = session;
    const key = await this.#identify();
    if (session.signal.aborted) return;
    const feed = new Feed({
      baseURL: this.#baseURL, fetch: this.#fetch, authorize: () => this.#authorize(), position: () => this.known.id,
      silence: () => since(this.known.heard),
      receive: (news) => {
        if (session.signal.aborted) return;
        this.#receive(news);
        this.#pass(news);
      },
    });
    this.#pass = joinTabs({
      key, lead: (signal) => feed.run(signal), receive: (news) => this.#receive(news),
      state: () => this.known.state, adopt: (state) => {
        this.known.adopt(state);
        this.#settle();
      },
    }, session.signal);
  }

  /** What tabs of this user share; null when the user or the means are missing. */
  async #identify() {
    if (!this.#options.getToken) return null;
    try {
      const token = await this.#token();
      if (!token) return null;
      const who = bearer(token);
      this.#meet(who);
      return await tabKey(this.#baseURL, who);
    } catch {
      return null;
    }
  }

  async #token() {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('getToken takes too long')), ANSWER_WITHIN);
    });
    try {
      return await Promise.race([this.#options.getToken?.(), /** @type {Promise<never>} */ (late)]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Null when nobody is logged in. A token of somebody else than before begins everything anew.
   * @returns {Promise<Authorization | null>}
   */
  async #authorize() {
    if (!this.#options.getToken) return (this.#authorized = { headers: {}, credentials: 'include' });
    const token = await this.#token();
    if (!token) return (this.#authorized = null);
    const who = bearer(token);
    if (this.#who !== who) {
      this.#meet(who);
      void this.#begin();
      throw new Error('another user has come');
    }
    return (this.#authorized = { headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' });
  }

  /**
   * Nothing known of one user is shown to, or sent for, another.
   * @param {string} who
   */
  #meet(who) {
    const known = this.#who;
    this.#who = who;
    if (known === null || known === who) return;
    this.#authorized = null;
    this.known = new Known();
    this.tracker.clear();
    this.#settle();
  }

  /** The page is put away: whatever waits is sent, and another tab may lead. */
  #rest() {
    this.tracker.farewell();
    this.#session.abort();
  }

  #seen() {
    if (document.visibilityState === 'hidden') this.tracker.farewell();
    else this.#authorize().then(() => this.#settle(), () => {});
  }

  /** @param {News} news */
  #receive(news) {
    this.known.receive(news);
    this.#settle();
  }

  /** Tells the listeners when something differs from what they were told, and comes back when time alone will change an answer. */
  #settle() {
    const { known } = this;
    const status = this.status();
    if (known.whole && known.asked) this.#settleReady(status === 'live');
    else if (known.failed) this.#settleReady(false);
    this.flags();
    const told = JSON.stringify([status, known.id, this.#flags.text, [...known.gates], [...known.permissions], known.sure]);
    if (told !== this.#told) {
      this.#told = told;
      for (const listener of [...this.#listeners]) call(listener);
    }
    clearTimeout(this.#timer);
    const left = known.untilChange(this.#maxStale);
    if (status !== 'closed' && left < Infinity) this.#timer = setTimeout(() => this.#settle(), left + 1);
  }
}

/**
 * A listener that fails is reported, and keeps none of the others from being called.
 * @param {() => void} listener
 */
function call(listener) {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
