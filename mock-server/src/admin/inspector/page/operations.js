// The gateway's operations, asked for once.

/** @import { Operation } from './types.d.ts' */

import { call } from './api.js';
import { language } from './i18n.js';

/** @type {Promise<void> | null} */
let asked = null;
/** @type {Map<string, Operation>} */
let known = new Map();

/** Until this is done, no operation is known. */
export function operations() {
  asked ??= call('GET', 'operations').then(({ operations }) => {
    known = new Map(operations.map((/** @type {Operation} */ one) => [one.id, one]));
  });
  asked.catch(() => (asked = null));
  return asked;
}

/** @param {string | null} id */
export function operation(id) {
  return id === null ? undefined : known.get(id);
}

/** An operation's name in Chinese, if the reader wants that and it has one; otherwise its id. @param {string} id */
export function nameOf(id) {
  const { summary = '' } = known.get(id) ?? {};
  return language === 'zh' && /\p{Script=Han}/u.test(summary) ? summary : id;
}
