// Which entries of the log are wanted, as the address says: #/traffic?status=4xx&text=pay.

import { operationKnown } from './operations.js';

/** @typedef {import('./log.js').Entry} Entry */
/** @typedef {'way' | 'status' | 'operation' | 'merchant' | 'key' | 'fault' | 'diagnosis' | 'text'} Field */
/** @typedef {{ [field in Field]?: string }} Filter */

/** @type {readonly Field[]} */
export const FIELDS = ['way', 'status', 'operation', 'merchant', 'key', 'fault', 'diagnosis', 'text'];
/** Stands for any fault or diagnosis, and for no answer. */
export const [ANY, NONE] = ['any', 'none'];

/** @returns {Filter} */
export function fromAddress() {
  const query = new URLSearchParams(location.hash.split('?')[1] ?? '');
  /** @type {Filter} */
  const filter = {};
  for (const field of FIELDS) {
    const value = query.get(field);
    if (value) filter[field] = value;
  }
  return filter;
}

/** @param {Filter} filter @param {string} [chosen] such as `12` */
export function toAddress(filter, chosen) {
  const query = new URLSearchParams(filter).toString();
  return `#/traffic${chosen ? `/${chosen}` : ''}${query ? `?${query}` : ''}`;
}

/**
 * What of an entry a filter by this field looks at.
 * @param {Entry} entry
 * @param {Field} field
 */
export function valueOf(entry, field) {
  if (field === 'text') return '';
  const value = entry[field];
  return value === null ? '' : String(value);
}

/**
 * @param {Filter} filter
 * @returns {(entry: Entry) => boolean}
 */
export function matcher(filter) {
  const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const fields = FIELDS.filter((field) => field !== 'text' && filter[field]);
  return (entry) => {
    if (entry.way === 'gap') return true;
    return fields.every((field) => matches(entry, field, filter[field] ?? '')) && (!words.length || hasAll(entry, words));
  };
}

/** @param {Entry} entry @param {Field} field @param {string} wanted */
function matches(entry, field, wanted) {
  const found = valueOf(entry, field);
  if (field === 'status') {
    if (wanted === NONE) return found === '';
    return /^[1-5]xx$/.test(wanted) ? found.startsWith(wanted.charAt(0)) : found === wanted;
  }
  if (field === 'fault' || field === 'diagnosis') return wanted === ANY ? found !== '' : found === wanted;
  return found === wanted;
}

/** @param {Entry} entry @param {string[]} words */
function hasAll(entry, words) {
  const { number, callback, method, target, operation, merchant, key, status, code, fault, diagnosis } = entry;
  const name = operation ? operationKnown(operation)?.summary : '';
  const text = [`#${number}`, callback, method, target, operation, name, merchant, key, status, code, fault, diagnosis];
  const all = text.join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}
