// Which entries are wanted, as the address says: #/traffic/12?status=4xx&text=pay.

/** @import { Entry, Field, Filter } from './types.d.ts' */

import { operation } from './operations.js';

/** @type {readonly Field[]} */
export const FIELDS = ['way', 'status', 'operation', 'merchant', 'key', 'fault', 'diagnosis', 'from', 'until', 'text'];
/** Stand for any fault or diagnosis, and for no status. */
export const [ANY, NONE] = ['any', 'none'];

/** @returns {Filter} */
export function fromAddress() {
  const query = new URLSearchParams(location.hash.split('?')[1]);
  return Object.fromEntries(FIELDS.flatMap((field) => (query.get(field) ? [[field, query.get(field)]] : [])));
}

/** @param {Filter} filter @param {string | number} [chosen] the number of an exchange */
export function toAddress(filter, chosen) {
  const query = new URLSearchParams(filter);
  return `#/traffic${chosen ? `/${chosen}` : ''}${query.size ? `?${query}` : ''}`;
}

/** @param {Entry} entry @param {Field} field @returns {string} */
export function valueOf(entry, field) {
  return field === 'text' ? textOf(entry) : String((isTime(field) ? entry.at : entry[field]) ?? '');
}

/** Whether it has a local time, as an input has it: 2026-07-01T12:00. @param {Field} field @returns {field is 'from' | 'until'} */
export function isTime(field) {
  return field === 'from' || field === 'until';
}

/** @param {Entry} entry */
function textOf({ number, callback, method, target, operation: id, merchant, key, status, code, fault, diagnosis }) {
  const name = operation(id)?.summary;
  return [`#${callback ?? number}`, method, target, id, name, merchant, key, status, code, fault, diagnosis].join('\n').toLowerCase();
}

/** @param {Filter} filter @returns {(entry: Entry) => boolean} */
export function matcher(filter) {
  const fields = FIELDS.filter((field) => filter[field]);
  return (entry) => entry.way === 'gap' || fields.every((field) => matches(field, filter[field] ?? '', valueOf(entry, field)));
}

/** @param {Field} field @param {string} wanted @param {string} found */
function matches(field, wanted, found) {
  if (field === 'text') return wanted.toLowerCase().split(' ').every((word) => found.includes(word));
  if (field === 'from') return !(Number(found) * 1000 < Date.parse(wanted));
  if (field === 'until') return !(Number(found) * 1000 > Date.parse(wanted));
  if (field === 'status' && wanted === NONE) return found === '';
  if (field === 'status' && wanted.endsWith('xx')) return found.startsWith(wanted.charAt(0));
  return wanted === ANY ? found !== '' : found === wanted;
}
