// Server-sent events out of a byte stream, as the HTML standard says (§9.2.6), with a limit on what is kept.

/**
 * @typedef {object} StreamEvent
 * @property {string} event
 * @property {string} data
 * @property {string | null} id the last id seen, as of this event
 */

/**
 * @typedef {object} StreamReader
 * @property {(event: StreamEvent) => void} event
 * @property {() => void} line any line of the format, comments included: the server lives
 * @property {(milliseconds: number) => void} retry
 */

const CHARACTERS_KEPT = 4 * 1024 * 1024;
/** A carriage return at the very end may be half of a pair, so it waits for what follows. */
const LINE_END = /\r\n|\n|\r(?=.)/gs;
const FIELDS = new Set(['data', 'event', 'id', 'retry']);

/** Takes text in pieces of any size and calls back for each event. */
export class EventParser {
  #rest = '';
  /** @type {string[]} */
  #data = [];
  #size = 0;
  #event = '';
  /** @type {string | null} */
  #id = null;
  #first = true;
  #reader;

  /** @param {StreamReader} reader */
  constructor(reader) {
    this.#reader = reader;
  }

  /** @param {string} text */
  feed(text) {
    this.#rest += text;
    let start = 0;
    for (const end of this.#rest.matchAll(LINE_END)) {
      this.#line(this.#rest.slice(start, end.index));
      start = (end.index ?? 0) + (end[0] ?? '').length;
    }
    this.#rest = this.#rest.slice(start);
    if (this.#rest.length + this.#size > CHARACTERS_KEPT) throw new RangeError('an event is too long');
  }

  /** @param {string} line */
  #line(line) {
    if (this.#first && line.startsWith('\ufeff')) line = line.slice(1);
    this.#first = false;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    if (field === '' || FIELDS.has(field)) this.#reader.line();
    if (line === '') return this.#dispatch();
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length + 1;
    } else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.#reader.retry(Number(value));
  }

  #dispatch() {
    const event = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id };
    const empty = this.#data.length === 0;
    this.#data = [];
    this.#size = 0;
    this.#event = '';
    if (!empty) this.#reader.event(event);
  }
}

/**
 * Reads a body to its end, or until its request is aborted.
 * @param {ReadableStream<Uint8Array>} body
 * @param {StreamReader} reader
 */
export async function readEvents(body, reader) {
  const parser = new EventParser(reader);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pieces = body.getReader();
  for (;;) {
    const { done, value } = await pieces.read();
    if (done) return;
    parser.feed(decoder.decode(value, { stream: true }));
  }
}
