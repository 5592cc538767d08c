// Pieces of views: cards, tables, forms; and what keeps them up to date.

import { attempt, notify } from './api.js';
import { h } from './dom.js';
import { currentStanding, on } from './events.js';
import { say } from './i18n.js';
import { paced, table as headed } from './panes.js';
import { badge as marked } from './text.js';
import { exact } from './values.js';

export const words = /** @type {const} */ ({
  merchant: ['Merchant', '商户号'],
  only: ['Only merchant', '仅商户'],
  add: ['Add', '添加'],
  remove: ['Delete', '删除'],
  keep: ['Keep', '保留'],
  left: ['Expires in', '剩余时间'],
  expired: ['expired', '已过期'],
});

/** @param {Words} title @param {Parts} parts */
export function card(title, parts) {
  return h('section', { class: 'card stack', 'aria-label': say(title) }, h('h2', null, say(title)), ...parts);
}

/** @param {Words[]} columns @param {Parts[]} rows the first cell of each is its heading */
export function table(columns, rows) {
  const lines = rows.map(([first, ...cells]) => h('tr', null, h('th', { scope: 'row' }, first), cells.map((cell) => h('td', null, cell))));
  return headed(columns, h('tbody', null, lines));
}

/** @param {Words} text */
export const muted = (text) => h('p', { class: 'muted' }, say(text));
/** @param {'good' | 'bad' | 'warn' | 'info' | ''} kind @param {Words} text */
export const badge = (kind, text) => marked(kind, say(text));
/** @param {Words} text @param {HTMLElement} field */
export const labelled = (text, field) => h('label', null, say(text), ' ', field);

/** @param {() => unknown} act @param {...HTMLElement} parts */
export function form(act, ...parts) {
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void attempt(async () => act());
  };
  return h('form', { class: 'row', onsubmit }, parts);
}

/** @param {Words} label @param {object} sample @param {Words} go @param {(value: any) => unknown} act */
export function jsonForm(label, sample, go, act) {
  const field = h('textarea', { rows: 6, spellcheck: 'false', required: true });
  field.value = JSON.stringify(sample, null, 2);
  return form(() => act(exact(field.value)), h('label', { class: 'grow' }, say(label), field), h('button', null, say(go)));
}

/**
 * Does something now, after each of these events, and every few seconds, but at a measured pace. Says so if it fails, but not again before
 * it has worked.
 * @param {import('./events.js').Kind[]} kinds @param {() => Promise<unknown>} act
 */
export function keepFresh(kinds, act) {
  let isBroken = false;
  const now = paced(async () => {
    try {
      await act();
      isBroken = false;
    } catch (error) {
      if (!isBroken) notify(error instanceof Error ? error.message : String(error), 'bad');
      isBroken = true;
    }
  });
  const timer = setInterval(() => currentStanding() === 'live' && now(), 5000);
  /** @type {(import('./events.js').Kind | 'standing')[]} */
  const all = [...kinds, 'cleared', 'restarted', 'standing'];
  const ends = all.map((kind) => on(kind, now));
  now();
  return { now, stop: () => [...ends, now.end, () => clearInterval(timer)].forEach((end) => end()) };
}

/** Tells whether a value is not the same as the one before. @returns {(value: unknown) => boolean} */
export function news() {
  let before = '';
  return (value) => before !== (before = JSON.stringify(value));
}
