// JSON values: read to the last digit, compared field by field.

import { say } from './i18n.js';

const texts = /** @type {const} */ ({ notJson: ['This is not JSON: {reason}', '这不是 JSON：{reason}'] });

/** What `JSON` has in newer browsers: numbers that stay as they are written. @type {any} */
const Exact = JSON;

/** Parses JSON. A number that JavaScript would round stays as it is. @param {string} text */
export function exact(text) {
  /** @param {string} _name @param {any} value @param {{ source?: string }} [context] */
  const revive = (_name, value, context) =>
    typeof value === 'number' && context?.source !== String(value) ? Exact.rawJSON?.(context?.source ?? value) ?? value : value;
  try {
    return JSON.parse(text, revive);
  } catch (error) {
    throw new Error(say(texts.notJson, { reason: /** @type {Error} */ (error).message }));
  }
}

/** Every value by its path, as JSON; the first 5,000. @param {any} value @param {Map<string, string>} found @param {string} [path] */
function flat(value, found, path = '') {
  if (value && typeof value === 'object' && !Exact.isRawJSON?.(value) && Object.keys(value).length > 0) {
    for (const name of Object.keys(value)) if (found.size < 5000) flat(value[name], found, path ? `${path}.${name}` : name);
  } else found.set(path, JSON.stringify(value));
  return found;
}

/** @param {unknown} before @param {unknown} after @returns {{ path: string, before?: string, after?: string }[]} */
export function differences(before, after) {
  const [one, other] = [flat(before, new Map()), flat(after, new Map())];
  const all = [...new Map([...one, ...other]).keys()].map((path) => ({ path, before: one.get(path), after: other.get(path) }));
  return all.filter(({ before, after }) => before !== after);
}
