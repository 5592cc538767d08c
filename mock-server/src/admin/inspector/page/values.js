// JSON values: read to the last digit, shown in full, compared field by field.

import { button, h, visible } from './dom.js';
import { count, say } from './i18n.js';

const texts = /** @type {const} */ ({
  more: ['Show {n} more', '再显示 {n} 条'],
  all: ['Show all {n} characters', '显示全部 {n} 个字符'],
});

/** What `JSON` has in newer browsers: numbers that stay as they are written. @type {any} */
const Exact = JSON;

/**
 * Parses JSON. A number that JavaScript would round stays as it is.
 * @param {string} text
 */
export function exact(text) {
  /** @param {string} _name @param {any} value @param {{ source?: string }} [context] */
  const revive = (_name, value, context) => {
    const source = context?.source;
    return typeof value === 'number' && source && Exact.rawJSON && String(value) !== source ? Exact.rawJSON(source) : value;
  };
  return JSON.parse(text, revive);
}

/** The most values that are compared. */
const MOST = 5000;

/**
 * Every single value by its path, as JSON.
 * @param {any} value
 * @param {Map<string, string>} [found]
 * @param {string} [path]
 */
function flat(value, found = new Map(), path = '') {
  if (value && typeof value === 'object' && !Exact.isRawJSON?.(value) && Object.keys(value).length > 0) {
    for (const name of Object.keys(value)) {
      if (found.size < MOST) flat(value[name], found, path && `${path}.${name}` || name);
    }
  } else if (value !== null || path) found.set(path, JSON.stringify(value));
  return found;
}

/** @typedef {{ path: string, before?: string, after?: string }} Difference */

/**
 * @param {unknown} before
 * @param {unknown} after
 * @returns {Difference[]}
 */
export function differences(before, after) {
  const [one, other] = [flat(before), flat(after)];
  return [...new Set([...one.keys(), ...other.keys()])]
    .map((path) => ({ path, before: one.get(path), after: other.get(path) }))
    .filter(({ before, after }) => before !== after);
}

/**
 * Text of any length with its lines, the beginning first.
 * @param {string} text
 */
export function block(text) {
  const pre = h('pre', { class: 'hostile', tabindex: '0' });
  /** @param {string} part */
  const fill = (part) => {
    pre.replaceChildren(...part.split('\n').flatMap((line, at) => [at ? '\n' : '', ...visible(line)]));
    pre.normalize();
  };
  if (text.length <= 20_000) return fill(text), pre;
  fill(text.slice(0, 20_000));
  const all = button(say(texts.all, { n: count(text.length) }), () => (fill(text), all.remove(), pre.focus()));
  return h('div', null, pre, all);
}

/**
 * A value as formatted JSON.
 * @param {unknown} value
 */
export function formatted(value) {
  return block(JSON.stringify(value, null, 2) ?? '');
}

/**
 * Adds the first items, and a button for more of them.
 * @template T
 * @template {Element} E
 * @param {E} parent
 * @param {T[]} items
 * @param {number} step
 * @param {(item: T) => Node} make
 * @param {(more: HTMLElement) => HTMLElement} [wrap] puts the button into what the parent can hold
 * @returns {E}
 */
export function some(parent, items, step, make, wrap = (more) => more) {
  parent.append(...items.slice(0, step).map(make));
  const rest = items.slice(step);
  if (rest.length) {
    const more = wrap(button(say(texts.more, { n: count(rest.length) }), () => (more.remove(), some(parent, rest, step * 5, make, wrap))));
    parent.append(more);
  }
  return parent;
}

/**
 * Replaces what is in an element. What had the focus in it keeps it, if it is still there.
 * @param {Element} element
 * @param {...(Node | string | null | false)} children
 */
export function redraw(element, ...children) {
  const active = document.activeElement;
  const had = active && element.contains(active) && active !== element ? active : null;
  element.replaceChildren(...children.filter((child) => child !== null && child !== false));
  if (!had) return;
  /** @param {Element} one */
  const name = (one) => one.getAttribute('href') ?? one.id + one.textContent;
  for (const one of element.querySelectorAll(had.tagName)) {
    if (name(one) === name(had)) return /** @type {HTMLElement} */ (one).focus({ preventScroll: true });
  }
}

/**
 * Does something at once, and then at most once in a while however often it is asked to.
 * @param {() => unknown} act
 * @param {number} [pause] in milliseconds
 * @returns {{ (): void, end: () => void }}
 */
export function paced(act, pause = 1000) {
  let timer = 0;
  let again = false;
  const run = () => {
    again = false;
    act();
    timer = setTimeout(() => ((timer = 0), again && run()), pause);
  };
  const ask = () => (timer ? void (again = true) : run());
  return Object.assign(ask, { end: () => clearTimeout(timer) });
}
