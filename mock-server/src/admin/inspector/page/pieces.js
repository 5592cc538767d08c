// Pieces of views: cards, tables, forms; and what keeps them up to date.

import { attempt, notify } from './api.js';
import { h } from './dom.js';
import { currentStanding, on } from './events.js';
import { say } from './i18n.js';

/** @typedef {import('./i18n.js').Text} Text */
/** @typedef {import('./dom.js').Child} Child */

const texts = /** @type {const} */ ({ json: ['This is not JSON: {reason}', '不是合法的 JSON：{reason}'] });

/** @param {Text} title @param {...(Child | Child[])} children */
export function card(title, ...children) {
  return h('section', { class: 'card stack', 'aria-label': say(title) }, h('h2', null, say(title)), ...children);
}

/** @param {Text[]} columns @param {(Child | Child[])[][]} rows the first cell of each is its heading */
export function table(columns, rows) {
  const heads = columns.map((text) => h('th', { scope: 'col' }, say(text)));
  const body = rows.map(([first, ...cells]) => h('tr', null, h('th', { scope: 'row' }, first), cells.map((cell) => h('td', null, cell))));
  return h('div', { class: 'scrolls' }, h('table', null, h('thead', null, h('tr', null, heads)), h('tbody', null, body)));
}

/** @param {Text} text */
export const muted = (text) => h('p', { class: 'muted' }, say(text));

/** @param {'good' | 'bad' | 'warn' | 'info' | ''} kind @param {Text} text */
export const badge = (kind, text) => h('span', { class: `badge ${kind}` }, say(text));

/** A field with its label. @param {Text} text @param {HTMLElement} field */
export function labelled(text, field) {
  return h('label', null, say(text), ' ', field);
}

/** @param {() => unknown} act what is done with it; the page says so if that fails @param {...(Child | Child[])} children */
export function form(act, ...children) {
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void attempt(async () => act());
  };
  return h('form', { class: 'row', onsubmit }, ...children);
}

/** A form for JSON. @param {Text} label @param {object} sample @param {Text} go @param {(value: any) => unknown} act */
export function jsonForm(label, sample, go, act) {
  const field = h('textarea', { rows: 6, spellcheck: 'false', required: true });
  field.value = JSON.stringify(sample, null, 2);
  const send = () => {
    let value;
    try {
      value = JSON.parse(field.value);
    } catch (error) {
      throw new Error(say(texts.json, { reason: String(error) }));
    }
    return act(value);
  };
  return form(send, h('label', { class: 'grow' }, say(label), field), h('button', null, say(go)));
}

/**
 * Does something now, after each of these events, and every few seconds; once at a time with a pause after it, for an open page must cost
 * the mock next to nothing. Says so if it fails, but not again before it has worked.
 * @param {import('./events.js').Kind[]} kinds
 * @param {() => Promise<unknown>} act
 */
export function keepFresh(kinds, act) {
  let [isBusy, isWanted, isOver, isBroken] = [false, false, false, false];
  const now = async () => {
    isWanted = true;
    if (isBusy) return;
    for (isBusy = true; isWanted && !isOver; await pause(1000)) {
      isWanted = false;
      try {
        await act();
        isBroken = false;
      } catch (error) {
        if (!isBroken && !isOver) notify(String(error instanceof Error ? error.message : error), 'bad');
        isBroken = true;
      }
    }
    isBusy = false;
  };
  const timer = setInterval(() => currentStanding() === 'live' && now(), 5000);
  const ends = [...kinds, /** @type {const} */ ('cleared'), /** @type {const} */ ('restarted'), /** @type {const} */ ('standing')].map((kind) => on(kind, now));
  void now();
  return {
    now: () => void now(),
    stop() {
      isOver = true;
      clearInterval(timer);
      ends.forEach((end) => end());
    },
  };
}

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Draws something in an element if it is not the same as before, and leaves the focus on the link or button that has it.
 * @param {HTMLElement} element
 * @returns {(value: unknown, draw: () => void) => void}
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
    const again = [...element.querySelectorAll('a, button, summary')].find((one) => nameOf(one) === nameOf(focused));
    if (again instanceof HTMLElement) again.focus();
  };
}
