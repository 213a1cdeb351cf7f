// The demo's customer page: what a host does with Gate and the panel, and nothing that a host would not do.

// @ts-ignore: the server serves this module under another path than it lies at.
import { createGate } from '/sdk/gate.js';
// @ts-ignore: as above.
import '/sdk/ticket-embed-panel.js';

/** @typedef {import('./gate.js').Gate} Gate */
/** @typedef {import('./ticket-embed-panel.js').TicketEmbedPanel} TicketEmbedPanel */
/** @typedef {{company_id: string, user_id: string, name: string}} Person */

const GATE = 'canCreateTicket';
const FLAG = 'cdp_create_ticket_embed';
const CONTACT = Object.freeze({
  qontakCustomerId: 'contact-4711', contactName: 'Contact 4711', contactPhone: '+62 811 0000 4711', contactEmail: 'contact-4711@example.com', locale: 'en',
});

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

const person = part('person', HTMLSelectElement);
const plus = part('plus', HTMLButtonElement);
const menu = part('menu', HTMLElement);
const panel = /** @type {TicketEmbedPanel} */ (part('panel', HTMLElement));
const existing = part('existing', HTMLElement);
const ticket = part('ticket', HTMLSelectElement);
const toast = part('toast', HTMLElement);
const behaviour = part('behaviour', HTMLSelectElement);
const linking = part('linking', HTMLSelectElement);

/** @type {string[]} */
let tickets = [];
let unlinked = ['TCK-1001 · Delivery is late', 'TCK-1002 · Invoice asks for another address'];
/** @type {Gate | null} */
let gate = null;
/** @type {Person | null} */
let who = null;
let crmURL = '';
let explained = 0;

/**
 * @param {string} text
 * @param {string} [mark]
 */
function item(text, mark) {
  const li = document.createElement('li');
  li.textContent = text;
  if (mark) li.className = mark;
  return li;
}

/** The list, as after each change of it. */
function showTickets() {
  part('tickets', HTMLElement).replaceChildren(...tickets.map((text) => item(text)));
  part('none', HTMLElement).hidden = tickets.length > 0;
  ticket.replaceChildren(...unlinked.map((text) => new Option(text)));
  part('associate', HTMLButtonElement).disabled = unlinked.length === 0;
}

// The menu. "Associate existing" is in the page itself; "Create Ticket" is put there and taken away.

const create = document.createElement('button');
Object.assign(create, { id: 'create-ticket', type: 'button', textContent: 'Create Ticket', tabIndex: -1 });
create.setAttribute('role', 'menuitem');
create.addEventListener('click', () => {
  showMenu(false);
  existing.hidden = true;
  toast.textContent = '';
  configurePanel();
  panel.open(plus);
});

/** @param {boolean} shown */
function showMenu(shown) {
  menu.hidden = !shown;
  plus.setAttribute('aria-expanded', String(shown));
  if (shown) entries()[0]?.focus();
}

function entries() {
  return /** @type {HTMLElement[]} */ ([...menu.children]);
}

plus.addEventListener('click', () => showMenu(menu.hidden));
menu.addEventListener('keydown', (event) => {
  const all = entries();
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    all[to % all.length]?.focus();
  } else if (event.key === 'Escape') {
    showMenu(false);
    plus.focus();
  }
});
menu.addEventListener('focusout', (event) => {
  const next = event.relatedTarget;
  if (next !== plus && !(next instanceof Node && menu.contains(next))) showMenu(false);
});

// Associate existing: as it always was, whatever Gate says.

part('associate-existing', HTMLButtonElement).addEventListener('click', () => {
  showMenu(false);
  existing.hidden = false;
  ticket.focus();
});
part('associate', HTMLButtonElement).addEventListener('click', () => {
  const [chosen] = unlinked.splice(ticket.selectedIndex, 1);
  if (chosen) tickets = [chosen, ...tickets];
  endAssociating('Ticket associated.');
});
part('associate-cancel', HTMLButtonElement).addEventListener('click', () => endAssociating(''));

/** @param {string} text */
function endAssociating(text) {
  existing.hidden = true;
  toast.textContent = text;
  showTickets();
  plus.focus();
}

// The panel.

function configurePanel() {
  const embed = new URL(crmURL);
  embed.searchParams.set('host', location.origin);
  if (behaviour.value !== 'normal') embed.searchParams.set('behaviour', behaviour.value);
  panel.configure({
    embedUrl: embed.href, allowLoopback: true, customerContext: CONTACT, ...(gate && { gate }),
    analytics: who ? { companySsoId: who.company_id, userId: who.user_id } : {},
    associate: (ticketId) => {
      if (linking.value === 'fails') throw new TypeError('the demo was told to fail');
      return ticketId;
    },
  });
}

panel.addEventListener('created', (event) => {
  const { ticketId, ticketName } = /** @type {CustomEvent} */ (event).detail;
  tickets = [`${ticketId} · ${ticketName ?? 'Ticket'}`, ...tickets];
  showTickets();
  toast.textContent = 'Ticket created.';
});

// What Gate says.

function show() {
  if (!gate) return;
  const open = gate.can(GATE);
  if (open && !create.isConnected) menu.append(create);
  if (!open && create.isConnected) {
    if (document.activeElement === create) plus.focus();
    create.remove();
  }
  // A form that the server has just taken back is closed; one whose server is merely silent may be finished.
  if (!open && (gate.status === 'live' || gate.status === 'refused')) panel.close('error');
  part('status', HTMLElement).textContent = gate.status;
  part('revision', HTMLElement).textContent = gate.revision ?? 'none';
  const decision = part('decision', HTMLElement);
  decision.textContent = open ? 'open' : 'closed';
  decision.className = open ? 'on' : 'off';
  const flags = Object.entries(gate.flags).map(([code, on]) => item(`${code}: ${on ? 'on' : 'off'}`, on ? 'on' : 'off'));
  part('flags', HTMLElement).replaceChildren(...flags);
  void explain(gate);
}

/** @param {Gate} from */
async function explain(from) {
  const turn = ++explained;
  const decision = await from.explain(GATE);
  if (turn !== explained) return;
  const lines = decision.checks.length > 0 ? decision.checks.map(clause) : [item(decision.reason, 'off')];
  part('trace', HTMLElement).replaceChildren(...lines);
}

/**
 * @param {any} check
 * @returns {HTMLElement}
 */
function clause(check) {
  const line = item(`${check.kind ?? 'flag'} ${check.key ?? check.code ?? '(kept from users)'}: ${check.reason}`, check.satisfied ? 'on' : 'off');
  if (check.prerequisites?.length > 0) {
    const list = document.createElement('ul');
    list.append(...check.prerequisites.map(clause));
    line.append(list);
  }
  return line;
}

/**
 * @param {string} event
 * @param {object} properties
 */
function showEvent(event, properties) {
  const line = item(event);
  const details = document.createElement('span');
  details.className = 'details';
  details.textContent = Object.entries(properties).map(([name, value]) => `${name} ${value}`).join(' · ');
  line.append(details);
  part('events', HTMLElement).prepend(line);
}

// Who is here.

/** @param {Person} chosen */
function signIn(chosen) {
  panel.close();
  gate?.close();
  who = chosen;
  part('command', HTMLElement).textContent = `gatectl set ${FLAG} off --company ${chosen.company_id} --reason "trying it out"`;
  /** @type {Gate} */
  const next = createGate({ getToken: () => token(chosen), onTrack: showEvent });
  gate = next;
  next.subscribe(show);
  show();
}

/**
 * @param {Person} chosen
 * @returns {Promise<string>}
 */
async function token(chosen) {
  const response = await fetch('/demo/token', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ company: chosen.company_id, user: chosen.user_id }),
  });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return (await response.json()).token;
}

async function begin() {
  showTickets();
  const response = await fetch('/demo/users');
  if (!response.ok) throw new Error(`no users: ${response.status}`);
  const { data, meta } = /** @type {{data: Person[], meta: {crm_embed_url: string}}} */ (await response.json());
  crmURL = meta.crm_embed_url;
  person.replaceChildren(...data.map(({ user_id, company_id, name }) => new Option(`${name} · ${user_id} at ${company_id}`)));
  const wanted = new URLSearchParams(location.search).get('user');
  person.selectedIndex = Math.max(data.findIndex((one) => `${one.company_id}/${one.user_id}` === wanted), 0);
  const choose = () => {
    const chosen = data[person.selectedIndex];
    if (chosen) signIn(chosen);
  };
  person.addEventListener('change', choose);
  choose();
}

begin().catch((error) => {
  part('status', HTMLElement).textContent = 'the demo did not start';
  throw error;
});
