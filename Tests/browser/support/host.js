// A host's page for tests: what the panel emits and tracks is written down, and everything is within a test's reach.
import { createGate } from '/sdk/gate.js';
import { EventParser } from '/sdk/server-sent-events.js';
import '/sdk/ticket-embed-panel.js';

const panel = document.getElementById('panel');
const emitted = [];
const tracked = [];
const states = [];
for (const name of ['created', 'close', 'error', 'resize']) panel.addEventListener(name, (event) => emitted.push([name, event.detail]));
new MutationObserver(() => states.at(-1) !== panel.state && states.push(panel.state)).observe(panel, { attributeFilter: ['state'] });
document.getElementById('trigger').addEventListener('click', () => panel.open());

panel.configure({ gate: { track: (event, properties) => tracked.push([event, properties]) } });
Object.assign(window, { panel, emitted, tracked, states, createGate, EventParser });
document.documentElement.dataset.ready = '';
