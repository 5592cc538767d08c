// A long list, newest on top, of which only the rows in sight are in the document.

import { h } from './dom.js';

/** Rows above and below those in sight. (own choice) */
const MORE = 6;
/** The height of a row in pixels: one line or, where the list is narrower than this, two. (own choice) */
const NARROW = 880;
const HEIGHT = { wide: 36, narrow: 58 };

/**
 * @template {object} T
 * @param {{
 *   label: string,
 *   columns: HTMLElement[],
 *   id: (entry: T) => string,
 *   row: (entry: T) => HTMLElement,
 *   isChosen: (entry: T) => boolean,
 *   open: (entry: T) => void,
 *   scrolled: (place: number) => void,
 * }} options `columns` are the heads, and `row` makes a row of as many cells; `scrolled` hears which place is on top
 */
export function rows({ label, columns, id, row, isChosen, open, scrolled }) {
  const head = h('div', { role: 'row', class: 'line head', 'aria-rowindex': 1 }, columns);
  const body = h('div', { role: 'rowgroup', class: 'lines' });
  const element = h(
    'div',
    { role: 'grid', class: 'list', tabindex: 0, 'aria-label': label, 'aria-colcount': columns.length },
    h('div', { role: 'rowgroup', class: 'heads' }, head),
    body,
  );
  /** @type {T[]} Oldest first. */
  let list = [];
  /** @type {Map<T, HTMLElement>} Those in the document. */
  let made = new Map();
  /** @type {T | null} The row of the keyboard. */
  let active = null;
  let height = HEIGHT.wide;
  let asked = 0;
  let isPressed = false;

  /** @param {number} place from the top */
  const at = (place) => list[list.length - 1 - place];

  function measure() {
    const isNarrow = element.clientWidth < NARROW;
    height = isNarrow ? HEIGHT.narrow : HEIGHT.wide;
    element.classList.toggle('narrow', isNarrow);
    element.style.setProperty('--height', `${height}px`);
  }

  function draw() {
    asked = 0;
    // A row must not move away from under a click.
    if (isPressed) return;
    const top = element.scrollTop;
    const first = Math.max(0, Math.floor(top / height) - MORE);
    const end = Math.min(list.length, Math.ceil((top + element.clientHeight) / height) + MORE);
    body.style.height = `${list.length * height}px`;
    element.setAttribute('aria-rowcount', String(list.length + 1));
    /** @type {Map<T, HTMLElement>} */
    const next = new Map();
    for (let place = first; place < end; place += 1) {
      const entry = at(place);
      if (!entry) continue;
      const line = made.get(entry) ?? row(entry);
      line.id = id(entry);
      line.style.transform = `translateY(${place * height}px)`;
      line.setAttribute('aria-rowindex', String(place + 2));
      line.setAttribute('aria-selected', String(isChosen(entry)));
      line.classList.toggle('active', entry === active);
      next.set(entry, line);
    }
    for (const [entry, line] of made) if (!next.has(entry)) line.remove();
    // In the document in the order of their places, without moving those that are there.
    let cursor = body.firstChild;
    for (const line of next.values()) {
      if (line === cursor) cursor = cursor.nextSibling;
      else body.insertBefore(line, cursor);
    }
    made = next;
    if (active && made.has(active)) element.setAttribute('aria-activedescendant', id(active));
    else element.removeAttribute('aria-activedescendant');
  }

  function drawSoon() {
    asked ||= requestAnimationFrame(draw);
  }

  /** @param {number} place */
  function activate(place) {
    place = Math.max(0, Math.min(list.length - 1, place));
    active = at(place) ?? null;
    const top = place * height;
    const room = element.clientHeight - head.offsetHeight - height;
    element.scrollTop = Math.max(Math.min(element.scrollTop, top), top - room);
    draw();
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const place = active ? list.length - 1 - list.lastIndexOf(active) : -1;
    const page = Math.max(1, Math.floor(element.clientHeight / height) - 2);
    /** @type {{ [key: string]: number }} */
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step !== undefined) activate(place + step);
    else if ((event.key === 'Enter' || event.key === ' ') && active) open(active);
    else return;
    event.preventDefault();
  }

  /** @param {MouseEvent} event */
  function click(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const [entry, line] of made) {
      if (!line.contains(/** @type {Node} */ (event.target))) continue;
      event.preventDefault();
      active = entry;
      open(entry);
    }
  }

  function scroll() {
    drawSoon();
    scrolled(element.scrollTop / height);
  }

  const release = () => {
    isPressed = false;
    drawSoon();
  };
  element.addEventListener('scroll', scroll, { passive: true });
  element.addEventListener('keydown', key);
  element.addEventListener('click', click);
  element.addEventListener('pointerdown', () => {
    isPressed = true;
    addEventListener('pointerup', () => setTimeout(release), { once: true });
    addEventListener('pointercancel', release, { once: true });
  });
  new ResizeObserver(() => {
    measure();
    draw();
  }).observe(element);

  return {
    element,
    /**
     * Shows these, oldest first. The array is read again at each scroll.
     * @param {T[]} entries
     * @param {number} [place] to scroll to
     */
    show(entries, place) {
      list = entries;
      if (place === undefined) return drawSoon();
      measure();
      draw();
      element.scrollTop = place * height;
      draw();
    },
    /** Makes the rows anew. */
    renew() {
      for (const line of made.values()) line.remove();
      made.clear();
      drawSoon();
    },
    /** @param {(entry: T) => boolean} isIt the row that the keyboard goes on from */
    focus(isIt) {
      active = list.findLast(isIt) ?? active;
      element.focus({ preventScroll: true });
      drawSoon();
    },
  };
}
