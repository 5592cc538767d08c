// Keeps what is shown up to date: after events, and every few seconds for what has none.

import { currentStanding, on } from './events.js';

/** @typedef {import('./events.js').Kind} Kind */

/**
 * Does something now, after each of these events, and every few seconds; once at a time, and with a pause after it. An open page must
 * cost the mock next to nothing.
 * @param {Kind[]} kinds
 * @param {() => Promise<unknown>} act fails if the mock is gone; then it is done again later
 * @param {{ pause?: number, every?: number }} [options] in milliseconds (own choice)
 * @returns {{ now: () => void, stop: () => void }}
 */
export function keepFresh(kinds, act, { pause = 500, every = 5000 } = {}) {
  let isBusy = false;
  let isWanted = false;
  let isOver = false;
  const now = async () => {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    while (isWanted && !isOver) {
      isWanted = false;
      await act().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    isBusy = false;
  };
  const timer = setInterval(() => currentStanding() !== 'paused' && !document.hidden && void now(), every);
  const forget = [...kinds, /** @type {const} */ ('cleared'), /** @type {const} */ ('restarted')].map((kind) => on(kind, now));
  forget.push(on('standing', (standing) => standing === 'live' && void now()));
  void now();
  return {
    now,
    stop() {
      isOver = true;
      clearInterval(timer);
      forget.forEach((end) => end());
    },
  };
}

/**
 * Shows something again only if it has changed, and leaves the focus where it was: on the element with the same `href` or label.
 * @param {HTMLElement} element
 * @returns {(value: unknown, draw: () => void) => void}
 */
export function drawer(element) {
  let shown = '';
  return (value, draw) => {
    const text = JSON.stringify(value);
    if (text === shown) return;
    shown = text;
    const focused = document.activeElement;
    const key = focused && element.contains(focused) ? keyOf(focused) : null;
    draw();
    if (key === null || element.contains(document.activeElement)) return;
    const found = [...element.querySelectorAll('a, button, summary')].find((one) => keyOf(one) === key);
    if (found instanceof HTMLElement) found.focus();
  };
}

/** @param {Element} element */
function keyOf(element) {
  return element.getAttribute('href') ?? element.getAttribute('aria-label') ?? element.textContent;
}
