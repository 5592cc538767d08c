// The gateway's operations, asked for once.

import { call } from './api.js';
import { language } from './i18n.js';

/** @typedef {import('./types.d.ts').Operation} Operation */

/** @type {Promise<Map<string, Operation>> | null} */
let asked = null;
/** @type {Map<string, Operation>} */
let known = new Map();

/** All of them, by id. */
export function operations() {
  asked ??= call('GET', 'operations').then((answer) => {
    known = new Map(answer.operations.map((/** @type {Operation} */ one) => [one.id, one]));
    return known;
  });
  asked.catch(() => (asked = null));
  return asked;
}

/** @param {string} id */
export function operationKnown(id) {
  return known.get(id);
}

/**
 * An operation's name in the reader's language: Chinese once the operations are known, otherwise its id.
 * @param {string} id
 */
export function nameOf(id) {
  return (language === 'zh' && known.get(id)?.summary) || id;
}

/**
 * The parameters in a path, decoded.
 * @param {string} id of its operation
 * @param {string} target
 * @returns {[name: string, value: string][]}
 */
export function inPath(id, target) {
  const template = known.get(id)?.path.split('/') ?? [];
  const sent = target.replace(/\?.*$/s, '').split('/');
  return template.flatMap((part, index) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    return name ? [[name, decoded(sent[index] ?? '')]] : [];
  });
}

/** @param {string} value */
function decoded(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
