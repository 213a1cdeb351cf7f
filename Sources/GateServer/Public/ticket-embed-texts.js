// What the panel says, by the keys of the RFC (Detail 3.B) and a few of its own.

const LOAD_FAILED = "Couldn't load the ticket form. Try again or use Associate existing.";

const ENGLISH = Object.freeze({
  title: 'Create Ticket',
  back: 'Back to tickets',
  loading: 'Loading the ticket form…',
  embed_load_failed: LOAD_FAILED,
  embed_ready_timeout: LOAD_FAILED,
  TICKET_CREATE_ERROR: "The ticket couldn't be created. Check the form and submit it again.",
  use_associate_existing: 'You can also use Associate existing.',
  retry: 'Retry',
  ticket_created: 'Ticket created.',
  associate_failed: "Ticket created but couldn't be linked. Retry?",
  dismiss: 'Dismiss',
  to_top: 'To the top of the panel',
});

/** @typedef {keyof typeof ENGLISH} TextKey */
/** @typedef {{[key in TextKey]?: string} | ((key: TextKey) => string | undefined)} Texts other texts by key, or the page's own translator */

/**
 * @param {Texts} [texts]
 * @returns {(key: TextKey) => string} falls back to English
 */
export function textsOf(texts = {}) {
  return (key) => (typeof texts === 'function' ? texts(key) : texts[key]) || ENGLISH[key];
}
