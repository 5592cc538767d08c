// A long list, newest on top, of which only the rows in sight are in the document.

import { h } from './dom.js';

/** Rows above and below those in sight. (own choice) */
const MORE = 6;
/** A row has one line or, in a list narrower than this, two. In pixels. (own choice) */
const NARROW = 880;
const HEIGHT = [36, 58];

/** @template {object} T @param {import('./types.d.ts').Rows<T>} options */
export function rows({ label, heads, id, row, isChosen, open, scrolled }) {
  const head = h('div', { role: 'row', class: 'line', 'aria-rowindex': 1 }, heads);
  const body = h('div', { role: 'rowgroup', class: 'lines' });
  const top = h('div', { role: 'rowgroup', class: 'heads' }, head);
  const list = h('div', { role: 'grid', class: 'list', tabindex: 0, 'aria-label': label }, top, body);
  /** @type {T[]} Oldest first. */
  let entries = [];
  /** @type {Map<T, HTMLElement>} The rows in the document. */
  let made = new Map();
  /** @type {T | null} Whose row the keyboard is on. */
  let active = null;
  let height = 0;
  let asked = 0;
  let isPressed = false;

  function measure() {
    const isNarrow = list.clientWidth < NARROW;
    height = HEIGHT[Number(isNarrow)] ?? 0;
    list.classList.toggle('narrow', isNarrow);
    list.style.setProperty('--height', `${height}px`);
  }

  function draw() {
    asked = 0;
    // A row must not move away from under a click.
    if (isPressed) return;
    const first = Math.max(0, Math.floor(list.scrollTop / height) - MORE);
    const end = first + Math.ceil(list.clientHeight / height) + 2 * MORE;
    body.style.height = `${entries.length * height}px`;
    list.setAttribute('aria-rowcount', String(entries.length + 1));
    const next = new Map();
    entries.slice(-end, Math.max(0, entries.length - first)).reverse().forEach((entry, index) => {
      const line = made.get(entry) ?? row(entry);
      line.id = id(entry);
      line.style.transform = `translateY(${(first + index) * height}px)`;
      line.setAttribute('aria-rowindex', String(first + index + 2));
      line.setAttribute('aria-selected', String(isChosen(entry)));
      line.classList.toggle('active', entry === active);
      next.set(entry, line);
    });
    for (const [entry, line] of made) if (!next.has(entry)) line.remove();
    // In the order of their places, without moving those that are there.
    let cursor = body.firstChild;
    for (const line of next.values()) {
      if (line === cursor) cursor = line.nextSibling;
      else body.insertBefore(line, cursor);
    }
    made = next;
    list.setAttribute('aria-activedescendant', active && made.has(active) ? id(active) : '');
  }

  function drawSoon() {
    asked ||= requestAnimationFrame(draw);
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const page = Math.floor(list.clientHeight / height) - 2;
    /** @type {{ [key: string]: number }} */
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (event.key === 'Enter' && active) open(active);
    else if (step !== undefined && !event.altKey && !event.ctrlKey) {
      const place = Math.max(0, Math.min(entries.length - 1, (active ? entries.length - 1 - entries.lastIndexOf(active) : -1) + step));
      active = entries[entries.length - 1 - place] ?? null;
      const room = list.clientHeight - head.offsetHeight - height;
      list.scrollTop = Math.max(Math.min(list.scrollTop, place * height), place * height - room);
      drawSoon();
    } else return;
    event.preventDefault();
  }

  /** @param {MouseEvent} event */
  function click(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const [entry, line] of made) {
      if (!line.contains(/** @type {Node} */ (event.target))) continue;
      event.preventDefault();
      open((active = entry));
    }
  }

  function release() {
    isPressed = false;
    drawSoon();
  }

  list.addEventListener('scroll', () => (drawSoon(), scrolled(list.scrollTop / height)), { passive: true });
  list.addEventListener('keydown', key);
  list.addEventListener('click', click);
  list.addEventListener('pointerdown', () => {
    isPressed = true;
    for (const end of ['pointerup', 'pointercancel']) addEventListener(end, () => setTimeout(release), { once: true });
  });
  new ResizeObserver(() => (measure(), draw())).observe(list);

  return {
    list,
    /** Shows these, oldest first, from then on. @param {T[]} some @param {number} [place] to scroll to */
    show(some, place) {
      entries = some;
      if (place === undefined) return drawSoon();
      measure();
      draw();
      list.scrollTop = place * height;
      draw();
    },
    /** Makes the rows anew. */
    renew() {
      body.replaceChildren();
      made.clear();
      drawSoon();
    },
    /** @param {T} entry where the keyboard goes on */
    focus(entry) {
      active = entry;
      list.focus({ preventScroll: true });
      drawSoon();
    },
  };
}
