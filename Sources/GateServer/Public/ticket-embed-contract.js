// The typed message contract between the host page and the CRM's create-ticket form (RFC Detail 2.A), version 1.

/**
 * @typedef {object} CustomerContext
 * @property {string} qontakCustomerId
 * @property {string} [contactName]
 * @property {string} [contactPhone]
 * @property {string} [contactEmail]
 * @property {string} [contactAccountUniqId]
 * @property {string} [channelType]
 * @property {string} [locale]
 */

/**
 * @typedef {object} TicketCreated
 * @property {string} ticketId
 * @property {string} [ticketName]
 * @property {string} [ticketSlug]
 * @property {string} [pipelineId]
 * @property {string} [stageId]
 * @property {string} [priorityId]
 * @property {string} [createdAt]
 * @property {string} [dueDate]
 * @property {string} [channelIntegrationRoomId]
 * @property {string} [dataSource]
 */

/** @typedef {'user_cancel' | 'ticket_created' | 'error'} CloseReason */

/**
 * @typedef {{type: 'EMBED_READY'}
 *   | {type: 'TICKET_CREATED', ticket: TicketCreated}
 *   | {type: 'TICKET_CREATE_ERROR', errorCode: string, errorMessage: string}
 *   | {type: 'EMBED_CLOSE', reason: CloseReason}
 *   | {type: 'EMBED_RESIZE', height: number}} EmbedMessage
 */

export const VERSION = 1;
export const PATH = '/embed/ticket/create';

const TYPES = ['EMBED_READY', 'TICKET_CREATED', 'TICKET_CREATE_ERROR', 'EMBED_CLOSE', 'EMBED_RESIZE'];
const CONTEXT = /** @type {const} */ (['contactName', 'contactPhone', 'contactEmail', 'contactAccountUniqId', 'channelType', 'locale']);
const DETAILS = ['ticketName', 'ticketSlug', 'pipelineId', 'stageId', 'priorityId', 'createdAt', 'dueDate', 'channelIntegrationRoomId', 'dataSource'];
const REASONS = ['user_cancel', 'ticket_created', 'error'];
/** Names that mean something to the language rather than to the contract. */
const FOREIGN = ['__proto__', 'prototype', 'constructor'];
const CHARACTERS_MOST = 16 * 1024;
const TEXT_MOST = 1_000;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
/** Ids travel in paths and events: nothing in them may lead elsewhere, or be an e-mail address. The server's pattern `id` is the same. */
const ID = /^[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}$/;

/**
 * Where the form lies: under the CRM's embed URL, by https; plain http is kept for this machine only, and only when asked for.
 * @param {string} base
 * @param {boolean} allowLoopback
 * @returns {URL | null} null when the base is no address of the web
 */
export function embedAddress(base, allowLoopback) {
  try {
    const url = new URL(base);
    if (url.protocol === 'http:' && !(allowLoopback && LOOPBACK.includes(url.hostname))) url.protocol = 'https:';
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
    url.username = '';
    url.password = '';
    url.hash = '';
    url.pathname = url.pathname.replace(/\/+$/, '') + PATH;
    return url;
  } catch {
    return null;
  }
}

/**
 * What the form is told about the contact. A contact has no room: `roomId` is always null.
 * @param {CustomerContext} context
 */
export function initMessage(context) {
  /** @type {Record<string, string | number | null>} */
  const message = { type: 'EMBED_INIT', version: VERSION, roomId: null, qontakCustomerId: context.qontakCustomerId };
  for (const name of CONTEXT) {
    const value = context[name];
    if (typeof value === 'string') message[name] = value;
  }
  return message;
}

/**
 * Whether a message says that it belongs to the contract; all others on a page are none of our business.
 * @param {unknown} data
 */
export function claimsContract(data) {
  return TYPES.includes(/** @type {string} */ (own(data, 'type')));
}

/**
 * The message, if its version and its shape are right. Only own properties count, and nothing but the contract's own fields is passed on.
 * @param {unknown} data
 * @returns {EmbedMessage | null}
 */
export function readMessage(data) {
  if (own(data, 'version') !== VERSION || !isModest(data)) return null;
  switch (own(data, 'type')) {
    case 'EMBED_READY':
      return { type: 'EMBED_READY' };
    case 'TICKET_CREATED':
      return readCreated(data);
    case 'TICKET_CREATE_ERROR': {
      const errorCode = own(data, 'errorCode');
      const errorMessage = own(data, 'errorMessage');
      return isText(errorCode) && isText(errorMessage) ? { type: 'TICKET_CREATE_ERROR', errorCode, errorMessage } : null;
    }
    case 'EMBED_CLOSE': {
      const reason = /** @type {CloseReason} */ (own(data, 'reason'));
      return REASONS.includes(reason) ? { type: 'EMBED_CLOSE', reason } : null;
    }
    case 'EMBED_RESIZE': {
      const height = own(data, 'height');
      return typeof height === 'number' && Number.isFinite(height) && height >= 0 ? { type: 'EMBED_RESIZE', height } : null;
    }
    default:
      return null;
  }
}

/**
 * @param {unknown} data
 * @returns {EmbedMessage | null}
 */
function readCreated(data) {
  const ticketId = own(data, 'ticketId');
  if (typeof ticketId !== 'string' || !ID.test(ticketId)) return null;
  /** @type {Record<string, string>} */
  const details = {};
  for (const name of DETAILS) {
    const value = own(data, name);
    if (value === undefined || value === null) continue;
    if (!isText(value)) return null;
    details[name] = value;
  }
  return { type: 'TICKET_CREATED', ticket: Object.freeze({ ...details, ticketId }) };
}

/**
 * @param {unknown} data
 * @param {string} name
 * @returns {unknown}
 */
function own(data, name) {
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, name)) return undefined;
  return /** @type {Record<string, unknown>} */ (data)[name];
}

/**
 * A plain object of modest size without names of the language.
 * @param {unknown} data
 */
function isModest(data) {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  if (FOREIGN.some((name) => Object.hasOwn(data, name))) return false;
  try {
    return JSON.stringify(data).length <= CHARACTERS_MOST;
  } catch {
    return false;
  }
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isText(value) {
  return typeof value === 'string' && value.length <= TEXT_MOST;
}
