// <ticket-embed-panel>: the CRM's create-ticket form in a host's page (RFC Detail 2.A, 2.1, 3.A, 3.B, 3.C).

import { claimsContract, embedAddress, initMessage, readMessage } from './ticket-embed-contract.js';
import { textsOf } from './ticket-embed-texts.js';
import { PanelView } from './ticket-embed-view.js';

/** @typedef {import('./ticket-embed-contract.js').CustomerContext} CustomerContext */
/** @typedef {import('./ticket-embed-contract.js').TicketCreated} TicketCreated */
/** @typedef {import('./ticket-embed-contract.js').CloseReason} CloseReason */
/** @typedef {import('./ticket-embed-contract.js').EmbedMessage} EmbedMessage */
/** @typedef {import('./ticket-embed-view.js').PanelState} PanelState */

/**
 * @typedef {object} PanelOptions
 * @property {string} [embedUrl] the CRM's embed URL; the form is `/embed/ticket/create` under it. https is forced.
 * @property {boolean} [allowLoopback] keeps plain http for a CRM stand-in on this machine
 * @property {CustomerContext} [customerContext] the contact that the form is filled with
 * @property {number} [embedReadyTimeoutMs] how long to wait for EMBED_READY; 10 000
 * @property {{track: (event: string, properties?: Record<string, unknown>) => void}} [gate] takes the events
 * @property {{companySsoId?: string, userId?: string}} [analytics] who is at work, for the events
 * @property {string} [eventPrefix] what the events' names begin with
 * @property {(ticketId: string, contactId: string) => unknown} [associate] links a created ticket to the contact, where the CRM does not do so
 *   itself; fails by rejecting, or by answering a Response that is not ok
 * @property {import('./ticket-embed-texts.js').Texts} [texts]
 * @property {number} [heightLeast] in CSS pixels
 * @property {number} [heightMost] in CSS pixels
 */

const DEFAULTS = Object.freeze({
  allowLoopback: false, embedReadyTimeoutMs: 10_000, eventPrefix: 'cdp_ticket_embed_', heightLeast: 200, heightMost: 1_600,
});
const REFRESH_MOST_MS = 5_000;
const ORIGINS_REPORTED = 10;
const CODE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Tells that a ticket was created. Who refreshes a list may have the panel wait for it, a few seconds at most. */
class TicketCreatedEvent extends CustomEvent {
  /** @type {Promise<unknown>[]} */
  waits = [];

  /** @param {Promise<unknown>} promise */
  waitUntil(promise) {
    this.waits.push(Promise.resolve(promise).catch(() => {}));
  }
}

/**
 * Emits `created` (TicketCreated), `close` ({reason}), `error` ({errorCode, errorMessage}) and `resize` ({height}); none of them bubbles.
 */
export class TicketEmbedPanel extends HTMLElement {
  /** @type {PanelOptions & typeof DEFAULTS} */
  #options = { ...DEFAULTS };
  /** @type {PanelState} */
  #state = 'hidden';
  #view = new PanelView(this.attachShadow({ mode: 'open' }), (key) => textsOf(this.#options.texts)(key), {
    cancel: () => this.close(), retry: () => this.retry(),
  });
  /**
   * Where the frame was sent.
   * @type {URL | null}
   */
  #target = null;
  /** @type {HTMLElement | null} */
  #trigger = null;
  /** Ends with the opening: listeners and what still waits. */
  #opening = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Set<string>} */
  #reported = new Set();
  #height = 0;
  /** @type {number | null} */
  #wanted = null;

  constructor() {
    super();
    for (const name of /** @type {const} */ (['customerContext', 'embedReadyTimeoutMs'])) {
      // Set before the element was defined.
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete (/** @type {any} */ (this)[name]);
      this.configure({ [name]: value });
    }
  }

  /** @param {PanelOptions} options what is not named stays as it is */
  configure(options) {
    Object.assign(this.#options, options);
  }

  /** @type {PanelState} */
  get state() {
    return this.#state;
  }

  get customerContext() {
    return this.#options.customerContext;
  }

  set customerContext(context) {
    this.#options.customerContext = /** @type {CustomerContext} */ (context);
  }

  get embedReadyTimeoutMs() {
    return this.#options.embedReadyTimeoutMs;
  }

  set embedReadyTimeoutMs(milliseconds) {
    this.#options.embedReadyTimeoutMs = milliseconds;
  }

  /**
   * Shows the form. An open panel stays as it is.
   * @param {HTMLElement} [trigger] where the focus goes afterwards; without one, where it is now
   */
  open(trigger) {
    if (this.#state !== 'hidden' || !this.isConnected) return;
    const active = document.activeElement;
    this.#trigger = trigger ?? (active instanceof HTMLElement ? active : null);
    this.#opening = new AbortController();
    this.#reported.clear();
    window.addEventListener('message', (event) => this.#hear(event), { signal: this.#opening.signal });
    const { analytics = {} } = this.#options;
    this.#track('opened', { company_sso_id: analytics.companySsoId, qontak_customer_id: this.#contact, user_id: analytics.userId });
    this.#load();
    this.#view.enter();
  }

  /**
   * Hides the form.
   * @param {CloseReason} [reason]
   */
  close(reason = 'user_cancel') {
    if (this.#state !== 'hidden') this.#hide(this.#state === 'success' ? 'ticket_created' : reason);
  }

  /** Loads the form anew after an error. */
  retry() {
    if (this.#state === 'error') this.#load();
  }

  disconnectedCallback() {
    this.#stop();
    this.#view.clear();
    this.#become('hidden');
  }

  get #contact() {
    return this.#options.customerContext?.qontakCustomerId ?? '';
  }

  /**
   * @param {PanelState} state
   * @param {string} [problem]
   */
  #become(state, problem) {
    this.#state = state;
    this.#view.show(state, problem);
    this.setAttribute('state', state);
  }

  #load() {
    clearTimeout(this.#timer);
    this.#height = 0;
    this.#view.unmount();
    this.#become('loading');
    this.#target = embedAddress(this.#options.embedUrl ?? '', this.#options.allowLoopback);
    if (!this.#target || !this.#contact || navigator.onLine === false) return this.#fail('embed_load_failed');
    const frame = this.#view.mount(this.#target.href, () => this.#view.frame === frame && this.#fail('embed_load_failed'));
    this.#timer = setTimeout(() => this.#fail('embed_ready_timeout'), this.#options.embedReadyTimeoutMs);
  }

  /**
   * The form did not come: its frame goes away, so that it cannot come late.
   * @param {'embed_load_failed' | 'embed_ready_timeout'} code
   */
  #fail(code) {
    if (this.#state !== 'loading') return;
    clearTimeout(this.#timer);
    this.#view.unmount();
    const errorMessage = textsOf(this.#options.texts)(code);
    this.#become('error', errorMessage);
    this.#track('load_failed', { error_code: code });
    this.#emit('error', { errorCode: code, errorMessage });
  }

  /**
   * Any message to this window. Origin, source, version and shape must all be right; else nothing happens but that it is counted.
   * @param {MessageEvent} event
   */
  #hear(event) {
    const frame = this.#view.frame;
    if (!frame || !this.#target) return;
    const ours = event.isTrusted && event.origin === this.#target.origin && event.source === frame.contentWindow;
    const message = ours ? readMessage(event.data) : null;
    if (!message) {
      if (claimsContract(event.data)) this.#dropped(event.origin);
      return;
    }
    // The guard's own check, by another way than the guard's: what got here must come from where the frame was sent.
    if (event.origin !== new URL(frame.src).origin || event.source !== frame.contentWindow) {
      this.#track('origin_bypass', { attempted_origin: event.origin });
      return;
    }
    this.#take(message, frame, this.#target.origin);
  }

  /**
   * @param {EmbedMessage} message
   * @param {HTMLIFrameElement} frame
   * @param {string} origin
   */
  #take(message, frame, origin) {
    const context = this.#options.customerContext;
    if (message.type === 'EMBED_READY') {
      if (this.#state !== 'loading' || !context) return;
      clearTimeout(this.#timer);
      this.#become('ready');
      frame.contentWindow?.postMessage(initMessage(context), origin);
      return;
    }
    // Nothing else counts before the form is ready, or after it has done its work.
    if (this.#state !== 'ready' && this.#state !== 'error') return;
    switch (message.type) {
      case 'TICKET_CREATED':
        return this.#created(message.ticket, origin);
      case 'TICKET_CREATE_ERROR': {
        const errorMessage = message.errorMessage.trim() || textsOf(this.#options.texts)('TICKET_CREATE_ERROR');
        this.#become('error', errorMessage);
        this.#track('create_error', { error_code: CODE.test(message.errorCode) ? message.errorCode : 'unknown' });
        return this.#emit('error', { errorCode: message.errorCode, errorMessage });
      }
      case 'EMBED_CLOSE':
        return this.#hide(message.reason);
      case 'EMBED_RESIZE':
        return this.#resize(message.height);
    }
  }

  /**
   * @param {TicketCreated} ticket
   * @param {string} origin
   */
  #created(ticket, origin) {
    const opening = this.#opening.signal;
    this.#become('success');
    this.#track('created', { ticket_id: ticket.ticketId, pipeline_id: ticket.pipelineId, data_source: ticket.dataSource, origin });
    const event = new TicketCreatedEvent('created', { detail: ticket });
    this.dispatchEvent(event);
    void this.#associate(ticket.ticketId, this.#contact);
    const late = new Promise((resolve) => setTimeout(resolve, REFRESH_MOST_MS));
    void Promise.race([Promise.all(event.waits), late]).then(() => {
      if (!opening.aborted) this.#hide('ticket_created');
    });
  }

  /**
   * Links the ticket to the contact, where that is ours to do.
   * @param {string} ticketId
   * @param {string} contactId
   */
  async #associate(ticketId, contactId) {
    const ids = { contact_id: contactId, ticket_id: ticketId };
    try {
      const answer = await this.#options.associate?.(ticketId, contactId);
      if (answer instanceof Response && !answer.ok) throw answer;
      this.#track('associated', ids);
    } catch (error) {
      this.#track('associate_failed', { ...ids, reason: reasonOf(error) });
      if (this.isConnected) this.#view.toast('associate_failed', () => void this.#associate(ticketId, contactId));
    }
  }

  /**
   * However many sizes come, one a frame is taken, within bounds.
   * @param {number} height
   */
  #resize(height) {
    const { heightLeast, heightMost } = this.#options;
    const waiting = this.#wanted !== null;
    this.#wanted = Math.min(Math.max(Math.ceil(height), heightLeast), heightMost);
    if (waiting) return;
    requestAnimationFrame(() => {
      const wanted = this.#wanted;
      this.#wanted = null;
      if (wanted === null || wanted === this.#height || !this.#view.frame) return;
      this.#height = wanted;
      this.#view.resize(wanted);
      this.#emit('resize', { height: wanted });
    });
  }

  /** @param {CloseReason} reason */
  #hide(reason) {
    const active = document.activeElement;
    const within = active === null || active === document.body || active === this;
    this.#stop();
    this.#view.unmount();
    this.#become('hidden');
    if (within && this.#trigger?.isConnected) this.#trigger.focus();
    this.#trigger = null;
    this.#emit('close', { reason });
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#opening.abort();
    this.#wanted = null;
  }

  /**
   * Counts a message that was not let in, each origin once an opening.
   * @param {string} origin
   */
  #dropped(origin) {
    if (this.#reported.has(origin) || this.#reported.size >= ORIGINS_REPORTED) return;
    this.#reported.add(origin);
    const company = this.#options.analytics?.companySsoId;
    this.#track('init_dropped', { contact_id: undefined, company_sso_id: company, attempted_origin: origin.slice(0, 256) });
  }

  /**
   * Ids and codes only: what is known of the contact goes to the form and nowhere else.
   * @param {string} name
   * @param {Record<string, string | undefined>} properties
   */
  #track(name, properties) {
    const known = Object.entries({ contact_id: this.#contact, ...properties }).filter(([, value]) => value);
    this.#options.gate?.track(this.#options.eventPrefix + name, Object.fromEntries(known));
  }

  /**
   * @param {string} name
   * @param {object} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/**
 * A short word for why something failed, never its text.
 * @param {any} error
 */
function reasonOf(error) {
  const status = error?.status ?? error?.response?.status;
  if (Number.isInteger(status)) return `http_${status}`;
  if (error?.name === 'AbortError' || error?.name === 'TimeoutError') return 'timeout';
  if (error instanceof TypeError) return 'network';
  return 'error';
}

if (!customElements.get('ticket-embed-panel')) customElements.define('ticket-embed-panel', TicketEmbedPanel);
