// The mock's clock, between two looks at it.

import { call } from './api.js';
import { say } from './i18n.js';

/** @typedef {import('./types').ClockState} ClockState */

const texts = /** @type {const} */ ({ days: ['{n} d', '{n} 天'] });

/** @type {ClockState | null} */
let known = null;
let seen = 0;

/** The mock's time in Unix seconds, or `null` before the first look. */
export function mockNow() {
  if (!known) return null;
  return known.frozen ? known.now : known.now + (performance.now() - seen) / 1000;
}

/** @param {ClockState} state */
export function learn(state) {
  const expected = mockNow();
  // The clock tells whole seconds: a small difference is none, and must not let a countdown jump.
  const isSame = expected !== null && known?.frozen === state.frozen && Math.abs(Math.floor(expected) - state.now) <= 1;
  if (!isSame) {
    seen = performance.now();
    known = state;
  }
  return state;
}

/** @returns {Promise<ClockState>} */
export async function lookAtClock() {
  return learn(await call('GET', 'clock'));
}

/**
 * Calls it about four times a second, once the mock's time is known.
 * @param {(now: number) => void} tick
 * @returns {() => void}
 */
export function ticking(tick) {
  const timer = setInterval(() => {
    const now = mockNow();
    if (now !== null && !document.hidden) tick(Math.floor(now));
  }, 250);
  return () => clearInterval(timer);
}

/** @param {number} seconds */
export function lasting(seconds) {
  const [days, rest] = [Math.floor(seconds / 86_400), seconds % 86_400];
  const parts = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map((part) => String(part).padStart(2, '0'));
  return `${days ? `${say(texts.days, { n: days })} ` : ''}${parts.slice(days || rest >= 3600 ? 0 : 1).join(':')}`;
}
