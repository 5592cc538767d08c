// Pieces of views: cards, tables, forms; and what keeps them up to date.

import { attempt, notify } from './api.js';
import { h } from './dom.js';
import { currentStanding, on } from './events.js';
import { say } from './i18n.js';

export const words = /** @type {const} */ ({
  merchant: ['Merchant', '商户号'],
  only: ['Only merchant', '仅商户'],
  add: ['Add', '添加'],
  remove: ['Delete', '删除'],
  keep: ['Keep', '保留'],
  left: ['Expires in', '剩余时间'],
  expired: ['expired', '已过期'],
  notJson: ['This is not JSON: {reason}', '不是合法的 JSON：{reason}'],
});

/** @param {Words} title @param {Parts} parts */
export function card(title, parts) {
  return h('section', { class: 'card stack', 'aria-label': say(title) }, h('h2', null, say(title)), ...parts);
}

/** @param {Words[]} columns @param {Parts[]} rows the first cell of each is its heading */
export function table(columns, rows) {
  const heads = columns.map((text) => h('th', { scope: 'col' }, say(text)));
  const body = rows.map(([first, ...cells]) => h('tr', null, h('th', { scope: 'row' }, first), cells.map((cell) => h('td', null, cell))));
  return h('div', { class: 'scrolls' }, h('table', null, h('thead', null, h('tr', null, heads)), h('tbody', null, body)));
}

/** @param {Words} text */
export const muted = (text) => h('p', { class: 'muted' }, say(text));
/** @param {'good' | 'bad' | 'warn' | 'info' | ''} kind @param {Words} text */
export const badge = (kind, text) => h('span', { class: `badge ${kind}` }, say(text));
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
  const send = () => {
    let value;
    try {
      value = JSON.parse(field.value);
    } catch (error) {
      throw new Error(say(words.notJson, { reason: String(error) }));
    }
    return act(value);
  };
  return form(send, h('label', { class: 'grow' }, say(label), field), h('button', null, say(go)));
}

/**
 * Does something now, after each of these events, and every few seconds; once at a time, with a pause after it that is longer after what
 * takes long, for an open page must cost the mock next to nothing. Says so if it fails, but not again before it has worked.
 * @param {import('./events.js').Kind[]} kinds @param {() => Promise<unknown>} act
 */
export function keepFresh(kinds, act) {
  let [isBusy, isWanted, isOver, isBroken] = [false, false, false, false];
  const now = async () => {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    while (isWanted && !isOver) {
      isWanted = false;
      const begun = performance.now();
      try {
        await act();
        isBroken = false;
      } catch (error) {
        if (!isBroken && !isOver) notify(String(error instanceof Error ? error.message : error), 'bad');
        isBroken = true;
      }
      await pause(1000 + 5 * (performance.now() - begun));
    }
    isBusy = false;
  };
  const timer = setInterval(() => currentStanding() === 'live' && now(), 5000);
  /** @type {(import('./events.js').Kind | 'standing')[]} */
  const all = [...kinds, 'cleared', 'restarted', 'standing'];
  const ends = all.map((kind) => on(kind, now));
  void now();
  const stop = () => {
    isOver = true;
    clearInterval(timer);
    ends.forEach((end) => end());
  };
  return { now, stop };
}

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Draws something in an element if it is not the same as before, and leaves the focus on the link or button that has it.
 * @param {HTMLElement} element @returns {(value: unknown, draw: () => void) => void}
 */
export function drawer(element) {
  let drawn = '';
  /** @param {Element} one */
  const nameOf = (one) => one.getAttribute('href') ?? one.getAttribute('aria-label') ?? one.textContent;
  return (value, draw) => {
    const text = JSON.stringify(value);
    if (text === drawn) return;
    drawn = text;
    const focused = element.contains(document.activeElement) && document.activeElement;
    draw();
    if (!focused || focused.isConnected) return;
    for (const one of element.querySelectorAll('a, button, summary')) {
      if (one instanceof HTMLElement && nameOf(one) === nameOf(focused)) one.focus();
    }
  };
}
