// What the panel looks like and how it is walked with a keyboard. It decides nothing.

/** @typedef {import('./ticket-embed-texts.js').TextKey} TextKey */
/** @typedef {'hidden' | 'loading' | 'ready' | 'error' | 'success'} PanelState */
/** @typedef {{cancel: () => void, retry: () => void}} ViewActions */

const STYLE = `
  :host { --ink: #1b2330; --soft: #4d596a; --paper: #ffffff; --line: #c3cad4; --accent: #0b57d0; --bad: #a3211a; --bad-paper: #fdeceb; --bone: #e4e8ee;
    display: block; color: var(--ink); font: inherit; }
  @media (prefers-color-scheme: dark) {
    :host { --ink: #e8ecf2; --soft: #aeb8c6; --paper: #171c24; --line: #3d4755; --accent: #8ab4f8; --bad: #ffb4ab; --bad-paper: #3a1a18; --bone: #2a323d; }
  }
  [hidden] { display: none !important; }
  .panel { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
  header { display: flex; align-items: center; gap: 4px; padding: 8px 4px; border-bottom: 1px solid var(--line); }
  h3 { margin: 0; font-size: 1rem; font-weight: 600; }
  button { font: inherit; color: var(--accent); background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 6px 12px; cursor: pointer; }
  button:hover { border-color: var(--line); }
  button:focus-visible, iframe:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .retry, .toast button { border-color: var(--accent); }
  .problem { padding: 12px 16px; background: var(--bad-paper); border-bottom: 1px solid var(--line); }
  .problem p, .problem div { margin: 0 0 8px; overflow-wrap: anywhere; }
  [role=alert] { color: var(--bad); }
  [role=status] { color: var(--soft); }
  [role=status]:not(:empty) { padding: 12px 16px; }
  .stage { position: relative; }
  .bones { display: grid; gap: 12px; padding: 0 16px 16px; }
  .bones span { height: 2.25rem; border-radius: 6px; background: var(--bone); }
  @media (prefers-reduced-motion: no-preference) {
    .bones span { animation: breathe 1.6s ease-in-out infinite alternate; }
    @keyframes breathe { to { opacity: 0.5; } }
  }
  iframe { display: block; width: 100%; height: 480px; border: 0; }
  iframe.waiting { position: absolute; inset: 0; visibility: hidden; }
  .turn { position: absolute; width: 1px; height: 1px; padding: 0; border: 0; overflow: hidden; clip-path: inset(50%); }
  .toast { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-top: 8px; padding: 8px 12px;
    background: var(--bad-paper); border: 1px solid var(--bad); border-radius: 8px; }
  .toast [role=alert] { flex: 1 1 auto; }
`;

/** The panel's elements in a shadow root. */
export class PanelView {
  /** @type {HTMLIFrameElement | null} */
  frame = null;
  #root;
  #text;
  #actions;
  #panel = make('div', { class: 'panel', role: 'dialog', 'aria-labelledby': 'title', hidden: '' });
  #title = make('h3', { id: 'title' });
  #back = make('button', { class: 'back', type: 'button' });
  #problem = make('div', { class: 'problem', hidden: '' });
  #alert = make('div', { role: 'alert' });
  #hint = make('p', {});
  #retry = make('button', { class: 'retry', type: 'button' });
  #status = make('div', { role: 'status' });
  #stage = make('div', { class: 'stage' });
  #bones = make('div', { class: 'bones', 'aria-hidden': 'true' });
  #turn = make('button', { class: 'turn', type: 'button', hidden: '' });
  #toasts = make('div', { class: 'toasts' });

  /**
   * @param {ShadowRoot} root
   * @param {(key: TextKey) => string} text
   * @param {ViewActions} actions
   */
  constructor(root, text, actions) {
    this.#root = root;
    this.#text = text;
    this.#actions = actions;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const header = make('header', {});
    const arrow = make('span', { 'aria-hidden': 'true' });
    arrow.textContent = '←';
    this.#back.append(arrow);
    header.append(this.#back, this.#title);
    this.#problem.append(this.#alert, this.#hint, this.#retry);
    this.#bones.append(make('span', {}), make('span', {}), make('span', {}));
    this.#stage.append(this.#bones);
    this.#panel.append(header, this.#problem, this.#status, this.#stage, this.#turn);
    root.append(this.#panel, this.#toasts);
    this.#back.addEventListener('click', () => actions.cancel());
    this.#retry.addEventListener('click', () => actions.retry());
    this.#turn.addEventListener('focus', () => this.#back.focus());
    this.#panel.addEventListener('keydown', (event) => this.#key(event));
  }

  /**
   * @param {PanelState} state
   * @param {string} [problem] what to say is wrong
   */
  show(state, problem = '') {
    const frame = this.frame;
    const shown = frame !== null && state !== 'loading' && state !== 'success';
    this.#panel.hidden = state === 'hidden';
    this.#title.textContent = this.#text('title');
    this.#back.setAttribute('aria-label', this.#text('back'));
    this.#turn.textContent = this.#text('to_top');
    this.#turn.hidden = !shown;
    this.#retry.textContent = this.#text('retry');
    const leaving = this.#root.activeElement === this.#retry && state !== 'error';
    this.#problem.hidden = state !== 'error';
    this.#alert.textContent = problem;
    this.#hint.textContent = shown ? this.#text('use_associate_existing') : '';
    this.#hint.hidden = !shown;
    this.#status.textContent = state === 'loading' ? this.#text('loading') : state === 'success' ? this.#text('ticket_created') : '';
    this.#bones.hidden = state !== 'loading';
    frame?.classList.toggle('waiting', !shown);
    if (leaving) this.#back.focus();
  }

  /** Moves the focus into the panel. */
  enter() {
    this.#back.focus();
  }

  /**
   * A new frame with the attributes that the RFC fixes, not yet shown.
   * @param {string} address
   * @param {() => void} failed
   */
  mount(address, failed) {
    this.unmount();
    this.frame = /** @type {HTMLIFrameElement} */ (make('iframe', {
      title: this.#text('title'), sandbox: 'allow-forms allow-scripts allow-same-origin', referrerpolicy: 'strict-origin-when-cross-origin',
      class: 'waiting', src: address,
    }));
    this.frame.addEventListener('error', failed);
    this.#stage.append(this.frame);
    return this.frame;
  }

  unmount() {
    const within = this.#root.activeElement !== null && this.#root.activeElement === this.frame;
    this.frame?.remove();
    this.frame = null;
    if (within && !this.#panel.hidden) this.#back.focus();
  }

  /** @param {number} height in CSS pixels */
  resize(height) {
    if (this.frame) this.frame.style.height = `${height}px`;
  }

  /**
   * Says that something went wrong after the panel is gone, and offers to try again.
   * @param {TextKey} key
   * @param {() => void} again
   */
  toast(key, again) {
    const toast = make('div', { class: 'toast' });
    const alert = make('div', { role: 'alert' });
    const retry = make('button', { type: 'button' });
    const dismiss = make('button', { type: 'button' });
    toast.append(alert, retry, dismiss);
    this.#toasts.append(toast);
    alert.textContent = this.#text(key);
    retry.textContent = this.#text('retry');
    dismiss.textContent = this.#text('dismiss');
    dismiss.addEventListener('click', () => toast.remove());
    retry.addEventListener('click', () => {
      toast.remove();
      again();
    });
  }

  clear() {
    this.unmount();
    this.#toasts.replaceChildren();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.#actions.cancel();
    } else if (event.key === 'Tab') this.#turnAround(event);
  }

  /**
   * Keeps the focus among the header's controls and the frame. What goes on inside the frame is the frame's own.
   * @param {KeyboardEvent} event
   */
  #turnAround(event) {
    const controls = [this.#back, this.#retry].filter((control) => control.offsetParent !== null);
    const [first] = controls;
    const last = controls[controls.length - 1];
    const frame = this.#turn.hidden ? null : this.frame;
    const from = this.#root.activeElement;
    const to = event.shiftKey && from === first ? frame ?? last : !event.shiftKey && !frame && from === last ? first : null;
    if (!to) return;
    event.preventDefault();
    to.focus();
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function make(tag, attributes) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
