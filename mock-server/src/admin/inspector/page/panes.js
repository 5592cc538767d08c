// What State and Callbacks are made of: a list, what is chosen in it, tables, and long lists that are shown step by step.

import { button, h, show, visible } from './dom.js';
import { on } from './events.js';
import { count, language, say } from './i18n.js';

/** @import { Text } from './i18n.js' */
/** @import { Chosen, List } from './types.js' */

const texts = /** @type {const} */ ({
  back: ['Back to the list', '返回列表'],
  more: ['Show {n} more', '再显示 {n} 条'],
});

/**
 * The list that was shown last: it stays while only the choice in it changes.
 * @type {{ id: string, list: List, one: HTMLElement, load: () => Promise<void>, element: HTMLElement } | null}
 */
let last = null;

/**
 * Shows a list and what is chosen in it, and keeps both fresh.
 * @param {HTMLElement} root
 * @param {string[]} path of the list
 * @param {string} key what is chosen, or empty
 * @param {() => List} make
 * @param {() => Chosen} choose
 * @returns {() => void}
 */
export function browse(root, path, key, make, choose) {
  const id = JSON.stringify([language, ...path]);
  const isNew = last?.id !== id;
  if (!last || isNew) {
    const [list, one, [failure, load]] = [make(), h('div'), telling(() => last?.list.load())];
    const panes = h('div', { class: 'panes' }, list.list, one);
    last = { id, list, one, load, element: h('div', { class: 'stack views' }, list.head, failure, panes) };
  }
  const { list, one, load, element } = last;
  const chosen = key ? choose() : null;
  const [failure, loadChosen] = telling(() => chosen?.load());
  const back = h('p', { class: 'back' }, h('a', { href: `#/${path.map(encodeURIComponent).join('/')}` }, `← ${say(texts.back)}`));
  show(one, chosen && h('section', { class: 'card stack' }, back, chosen.title, failure, chosen.parts));
  one.parentElement?.classList.toggle('chosen', chosen !== null);
  const before = [...list.rows.rows].find((row) => row.dataset.key === list.rows.dataset.chosen);
  list.rows.dataset.chosen = key;
  mark(list.rows);
  root.append(element);
  if (!isNew) (chosen?.title ?? before?.querySelector('a'))?.focus();
  const refresh = paced(() => Promise.all([load(), loadChosen()]));
  refresh();
  const kinds = /** @type {const} */ (['changes', 'attempts', 'cleared', 'restarted']);
  const ends = kinds.map((kind) => on(kind, (data) => list.hear(kind, data) && refresh()));
  const timer = setInterval(() => document.hidden || chosen?.tick?.(), 1000);
  return () => {
    [...ends, refresh.end, () => clearInterval(timer)].forEach((end) => end());
    // While another view is shown, the list does not hear what happens.
    if (!location.hash.startsWith(`#/${path[0]}`)) last = null;
  };
}

/** Something to do, and the place where it says why it failed. @param {() => unknown} act @returns {[HTMLElement, () => Promise<void>]} */
export function telling(act) {
  const failure = h('p', { class: 'bad hostile', role: 'alert' });
  const told = async () => {
    try {
      await act();
      failure.textContent = '';
    } catch (error) {
      failure.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  return [failure, told];
}

/** Marks the chosen row. @param {HTMLTableSectionElement} rows */
function mark(rows) {
  for (const row of rows.rows) {
    const isChosen = row.dataset.key === rows.dataset.chosen;
    row.classList.toggle('chosen', isChosen);
    if (isChosen) row.querySelector('a')?.setAttribute('aria-current', 'true');
    else row.querySelector('a')?.removeAttribute('aria-current');
  }
}

/**
 * Replaces what is in an element. What had the focus in it keeps it, if it is still there.
 * @param {Element} element
 * @param {...(import('./dom.js').Child)} children
 */
export function redraw(element, ...children) {
  const had = element.contains(document.activeElement) && document.activeElement;
  show(element, ...children);
  if (element instanceof HTMLTableSectionElement) mark(element);
  if (!had || had.isConnected) return;
  const name = (/** @type {Element} */ one) => one.getAttribute('href') ?? one.getAttribute('aria-label') ?? one.textContent;
  const same = [...element.querySelectorAll(had.tagName)].find((one) => name(one) === name(had));
  if (same instanceof HTMLElement) same.focus({ preventScroll: true });
}

/**
 * Does something at once, and then at most once in a while however often it is asked to; what takes long, less often.
 * @param {() => unknown} act
 * @param {number} [pause] in milliseconds
 */
export function paced(act, pause = 1000) {
  let [timer, isBusy, isAsked] = [0, false, false];
  const ask = async () => {
    isAsked = isBusy;
    if (isBusy) return;
    isBusy = true;
    const begun = performance.now();
    await act();
    timer = setTimeout(() => ((isBusy = false), isAsked && ask()), pause + 5 * (performance.now() - begun));
  };
  return Object.assign(() => void ask(), { end: () => clearTimeout(timer) });
}

/** @param {readonly Text[]} heads @param {HTMLElement} body @param {Text} [label] */
export function table(heads, body, label) {
  const head = h('tr', null, heads.map((text) => h('th', { scope: 'col' }, say(text))));
  return h('div', { class: 'scrolls', tabindex: '0' }, h('table', { 'aria-label': label && say(label) }, h('thead', null, head), body));
}

/** @param {...(import('./dom.js').Child | import('./dom.js').Child[])} cells */
export function tr(...cells) {
  return h('tr', null, cells.map((cell) => h('td', null, cell)));
}

/**
 * Adds the first items, and a button for more of them.
 * @template T
 * @template {Element} E
 * @param {E} parent
 * @param {T[]} items
 * @param {number} step
 * @param {(item: T) => Node} make
 * @returns {E}
 */
export function some(parent, items, step, make) {
  parent.append(...items.slice(0, step).map(make));
  const rest = items.slice(step);
  if (rest.length) {
    const more = button(say(texts.more, { n: count(rest.length) }), () => (line.remove(), some(parent, rest, step * 5, make)));
    const line = parent instanceof HTMLTableSectionElement ? h('tr', null, h('td', { colspan: 9 }, more)) : h('li', null, more);
    parent.append(line);
  }
  return parent;
}

/** @param {[Text, string | number | null | undefined][]} facts */
export function facts(...facts) {
  const shown = facts.filter(([, value]) => value !== undefined && value !== null);
  const item = (/** @type {string} */ value) => h('dd', { class: 'hostile' }, ...visible(value));
  return h('dl', null, shown.flatMap(([text, value]) => [h('dt', null, say(text)), item(String(value))]));
}
