// What is known of one user's answers, and for how long it may be believed.

import { SECOND, ago, now, since } from './gate-clock.js';
import { position } from './gate-feed.js';

/** @typedef {import('./gate-clock.js').Moment} Moment */

/**
 * What is on, by code. `age` (not enumerable; absent where a flag has that code) is how many milliseconds ago the server last confirmed it.
 * @typedef {{readonly [code: string]: boolean}} Flags
 */

/**
 * Handed to a tab that has come later: times as ages, since clocks of two tabs may differ.
 * @typedef {Pick<Known, 'id' | 'whole' | 'refused' | 'failed' | 'flags' | 'gates' | 'permissions' | 'asked'> & {heard: number, doubt: number}} State
 */

/** After so long without a sign of the server nothing is allowed. */
export const SILENCE_MOST = 60 * SECOND;

/** Takes news in and answers from it. */
export class Known {
  /**
   * The position of the answers in the server's history.
   * @type {string | null}
   */
  id = null;
  /** Whether all answers are here. */
  whole = false;
  refused = false;
  failed = false;
  /** Whether permissions were asked for, whatever came of it. */
  asked = false;
  /** @type {Map<string, boolean>} */
  flags = new Map();
  /** @type {Map<string, boolean>} */
  gates = new Map();
  /** @type {Map<string, boolean>} */
  permissions = new Map();
  /**
   * When the server was last heard.
   * @type {Moment | null}
   */
  heard = null;
  /**
   * Since when the permissions may be wrong.
   * @type {Moment | null}
   */
  doubt = null;

  /** @returns {'connecting' | 'live' | 'stale' | 'refused'} */
  get status() {
    if (this.refused) return 'refused';
    if (!this.whole) return 'connecting';
    return since(this.heard) < SILENCE_MOST ? 'live' : 'stale';
  }

  /** Whether the permissions known are those that hold; a doubt may last as long as silence may. */
  get sure() {
    return this.doubt === null || since(this.doubt) < SILENCE_MOST;
  }

  /** @param {import('./gate-feed.js').News} news */
  receive(news) {
    switch (news.kind) {
      case 'heard':
        if (this.whole) this.heard = now();
        break;
      case 'whole':
        this.flags = new Map(news.flags);
        this.gates = new Map(news.gates);
        Object.assign(this, { id: news.id, whole: true, refused: false, heard: now() });
        break;
      case 'change':
        // A change of something never seen says nothing.
        if (!this.whole) break;
        for (const [code, on] of news.flags) this.flags.set(code, on);
        for (const [name, allowed] of news.gates) this.gates.set(name, allowed);
        Object.assign(this, { id: news.id ?? this.id, heard: now() });
        break;
      case 'permissions':
        if (news.list) this.permissions = new Map(news.list);
        if (news.ok) this.doubt = null;
        this.asked = true;
        break;
      case 'doubt':
        this.doubt ??= now();
        break;
      case 'refused':
      case 'lost':
        Object.assign(this, { id: null, whole: false, refused: news.kind === 'refused', gates: new Map(), permissions: new Map(), failed: true });
        break;
      case 'failed':
        this.failed = true;
    }
  }

  /** @returns {State} */
  get state() {
    return { ...this, heard: since(this.heard), doubt: since(this.doubt) };
  }

  /**
   * What the leading tab knew, unless this one knows better.
   * @param {State} state
   */
  adopt(state) {
    if (this.whole && !state.whole && !state.refused) return;
    const theirs = position(state.id);
    const ours = position(this.id);
    if (theirs && ours && theirs.incarnation === ours.incarnation && theirs.revision < ours.revision) return;
    const moment = (/** @type {number} */ age) => (age < Infinity ? ago(age) : null);
    Object.assign(this, state, { heard: moment(state.heard), doubt: moment(state.doubt) });
  }

  /**
   * Milliseconds until time alone changes an answer; infinity where it will not.
   * @param {number} maxStale
   */
  untilChange(maxStale) {
    const age = since(this.heard);
    return Math.min(...[SILENCE_MOST - age, maxStale - age, SILENCE_MOST - since(this.doubt)].map((left) => (left > 0 ? left : Infinity)));
  }
}

/**
 * The flags in the shape of the RFC's store.
 * @param {Map<string, boolean>} known
 * @param {boolean} open false: all of them are off
 * @param {() => number} age
 * @returns {Flags}
 */
export function flagObject(known, open, age) {
  const flags = Object.create(null, { age: { get: age, enumerable: false, configurable: true } });
  for (const [code, on] of known) Object.defineProperty(flags, code, { value: on && open, enumerable: true });
  return Object.freeze(flags);
}
