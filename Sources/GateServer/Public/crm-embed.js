// A stand-in for the CRM's create-ticket form: it speaks the contract's other side, and misbehaves when it is told to.

const VERSION = 1;
const STORM_EVERY_MS = 10;
const STORM_HEIGHTS = [320, -1, Number.NaN, 1e9, 480, Number.POSITIVE_INFINITY, 260];

const query = new URLSearchParams(location.search);
const host = hostOrigin();

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 */
function part(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${id}`);
  return element;
}

const contact = part('contact', HTMLInputElement);
const subject = part('name', HTMLInputElement);
const pipeline = part('pipeline', HTMLSelectElement);
const behaviour = part('behaviour', HTMLSelectElement);
const said = part('said', HTMLElement);

/**
 * The origin that frames this page: the one it was told, if the browser does not know better.
 * @returns {string | null}
 */
function hostOrigin() {
  try {
    const told = new URL(query.get('host') ?? '');
    const framing = document.referrer ? new URL(document.referrer).origin : told.origin;
    return /^https?:$/.test(told.protocol) && framing === told.origin ? told.origin : null;
  } catch {
    return null;
  }
}

/** @param {Record<string, unknown>} message */
function say(message) {
  if (!host || behaviour.value === 'silence') return;
  parent.postMessage({ version: behaviour.value === 'version' ? VERSION + 1 : VERSION, ...message }, host);
}

window.addEventListener('message', (event) => {
  if (event.origin !== host || event.source !== parent) return;
  const message = event.data;
  if (message?.type !== 'EMBED_INIT' || message.version !== VERSION || typeof message.qontakCustomerId !== 'string') return;
  contact.value = [message.contactName, message.contactPhone, message.contactEmail].filter(Boolean).join(', ') || message.qontakCustomerId;
  contact.dataset['customer'] = message.qontakCustomerId;
  resize();
});

part('form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  if (behaviour.value === 'error') {
    say({ type: 'TICKET_CREATE_ERROR', errorCode: 'pipeline_closed', errorMessage: 'The pipeline takes no tickets at the moment.' });
    return;
  }
  said.textContent = 'Sent.';
  const number = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  say({
    type: 'TICKET_CREATED', ticketId: `TCK-${number % 1_000_000}`, ticketName: subject.value, pipelineId: pipeline.value, createdAt: new Date().toISOString(),
    dueDate: null, channelIntegrationRoomId: null,
  });
});

const cancel = () => say({ type: 'EMBED_CLOSE', reason: 'user_cancel' });
part('cancel', HTMLButtonElement).addEventListener('click', cancel);
document.addEventListener('keydown', (event) => event.key === 'Escape' && cancel());

/** @type {ReturnType<typeof setInterval> | undefined} */
let storm;
let blown = 0;

function behave() {
  clearInterval(storm);
  if (behaviour.value === 'storm') {
    storm = setInterval(() => say({ type: 'EMBED_RESIZE', height: STORM_HEIGHTS[blown++ % STORM_HEIGHTS.length] }), STORM_EVERY_MS);
  } else resize();
}

function resize() {
  say({ type: 'EMBED_RESIZE', height: document.body.getBoundingClientRect().height });
}

behaviour.value = query.get('behaviour') ?? 'normal';
if (behaviour.selectedIndex < 0) behaviour.value = 'normal';
behaviour.addEventListener('change', behave);
part('stranger', HTMLElement).textContent = host ? '' : 'This page does not know the page that shows it.';
say({ type: 'EMBED_READY' });
behave();
new ResizeObserver(() => behaviour.value === 'storm' || resize()).observe(document.body);

export {};
