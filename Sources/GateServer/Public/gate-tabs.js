// One tab of an origin follows the server for all of them: who holds the lock leads, the others listen to it.

import { SECOND, now, pause, since } from './gate-clock.js';

/** @typedef {import('./gate-feed.js').News} News */
/** @typedef {import('./gate-known.js').State} State */

/**
 * What a tab tells the others: that it has come, one piece of news, or all that the leader knows.
 * @typedef {{kind: 'hello'} | {kind: 'news', news: News} | {kind: 'state', state: State}} Message
 */

/**
 * @typedef {object} TabHost
 * @property {string | null} key names what may be shared, and with whom; null shares nothing
 * @property {(signal: AbortSignal) => Promise<number>} lead follows the server; resolves with how long to wait before trying again
 * @property {(news: News) => void} receive news from the leader
 * @property {() => State} state all that this tab knows
 * @property {(state: State) => void} adopt what the leader knew when this tab came
 */

const SILENCE_MOST = 45 * SECOND;
const LOOK_EVERY = 15 * SECOND;
const ANSWER_WITHIN = 5 * SECOND;

/**
 * Takes part until the signal aborts.
 * @param {TabHost} host
 * @param {AbortSignal} signal
 * @returns {(news: News) => void} passes news on to the other tabs
 */
export function joinTabs(host, signal) {
  const locks = globalThis.navigator?.locks;
  if (!host.key || !locks || typeof BroadcastChannel !== 'function') {
    void alone(host, signal);
    return () => {};
  }
  const tabs = new Tabs(host, host.key, locks, signal);
  void tabs.take();
  void tabs.watch();
  return (news) => tabs.pass(news);
}

/**
 * @param {TabHost} host
 * @param {AbortSignal} signal
 */
async function alone(host, signal) {
  while (!signal.aborted) await pause(await host.lead(signal), signal, true);
}

class Tabs {
  #host;
  #key;
  #locks;
  #signal;
  #channel;
  #leading = false;
  #steal = false;
  #heard = now();
  /** Gives up waiting in the lock's queue. */
  #queue = new AbortController();

  /**
   * @param {TabHost} host
   * @param {string} key
   * @param {LockManager} locks
   * @param {AbortSignal} signal
   */
  constructor(host, key, locks, signal) {
    this.#host = host;
    this.#key = key;
    this.#locks = locks;
    this.#signal = signal;
    this.#channel = new BroadcastChannel(key);
    this.#channel.onmessage = ({ data }) => this.#read(data);
    signal.addEventListener('abort', () => {
      this.#queue.abort();
      this.#channel.close();
    });
    this.#send({ kind: 'hello' });
  }

  /** @param {News} news */
  pass(news) {
    if (this.#leading) this.#send({ kind: 'news', news });
  }

  /** Waits for the lock, leads while it is held, and waits for it again. */
  async take() {
    while (!this.#signal.aborted) {
      const leadership = new AbortController();
      this.#queue = new AbortController();
      const abort = () => leadership.abort();
      this.#signal.addEventListener('abort', abort);
      let wait = 0;
      try {
        const options = this.#steal ? { steal: true } : { signal: this.#queue.signal };
        this.#steal = false;
        await this.#locks.request(this.#key, options, async () => {
          if (this.#signal.aborted) return;
          this.#leading = true;
          wait = await this.#host.lead(leadership.signal);
        });
      } catch {
        // Another tab took the lock away, or this one gave up waiting in order to do so.
      }
      this.#leading = false;
      leadership.abort();
      this.#signal.removeEventListener('abort', abort);
      this.#heard = now();
      // Whose credential was refused lets the others try theirs.
      await pause(wait, this.#signal, true);
    }
  }

  /** A leader that does not even answer hangs: after a while its lock is taken away. */
  async watch() {
    while (!this.#signal.aborted) {
      await pause(LOOK_EVERY, this.#signal);
      if (this.#leading || since(this.#heard) < SILENCE_MOST) continue;
      this.#send({ kind: 'hello' });
      await pause(ANSWER_WITHIN + Math.random() * SECOND, this.#signal);
      if (this.#leading || since(this.#heard) < SILENCE_MOST) continue;
      this.#heard = now();
      this.#steal = true;
      this.#queue.abort();
    }
  }

  /** @param {Message} message */
  #read(message) {
    if (this.#signal.aborted) return;
    if (message.kind === 'hello') {
      if (this.#leading) this.#send({ kind: 'state', state: this.#host.state() });
      return;
    }
    this.#heard = now();
    if (this.#leading) return;
    if (message.kind === 'news') this.#host.receive(message.news);
    else this.#host.adopt(message.state);
  }

  /** @param {Message} message */
  #send(message) {
    if (!this.#signal.aborted) this.#channel.postMessage(message);
  }
}

/** Claims that differ from one token of a user to the next. */
const PASSING = new Set(['exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'c_hash']);

/**
 * Who a token speaks for: its claims, without those of this one token. A token that cannot be read speaks for itself.
 * @param {string} token
 */
export function bearer(token) {
  try {
    const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const text = new TextDecoder().decode(Uint8Array.from(atob(part), (character) => character.charCodeAt(0)));
    const claims = Object.entries(JSON.parse(text)).filter(([name]) => !PASSING.has(name));
    if (claims.length > 0) return JSON.stringify(claims.sort(([one], [other]) => (one < other ? -1 : 1)));
  } catch {
    // Not a JWT.
  }
  return token;
}

/**
 * The name under which tabs of one user at one server find each other: a hash, so it tells nothing. Null where none can be made.
 * @param {string} baseURL
 * @param {string} who
 */
export async function tabKey(baseURL, who) {
  if (!globalThis.crypto?.subtle) return null;
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify([baseURL, who])));
  return 'gate-' + Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
