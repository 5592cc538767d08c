// The mock's clock, between two looks at it.

import { call } from './api.js';
import { say } from './i18n.js';

/** @typedef {import('./types').ClockState} ClockState */

const texts = /** @type {const} */ ({ days: ['{n} d {rest}', '{n} 天 {rest}'] });

/** @type {ClockState | null} */
let known = null;
let seen = 0;

/** The mock's time in whole Unix seconds; 0 before the first look. */
export function mockNow() {
  if (!known) return 0;
  return Math.floor(known.now + (known.frozen ? 0 : (performance.now() - seen) / 1000));
}

/** @param {ClockState} state */
export function learn(state) {
  // The mock tells whole seconds: being one off is no news, and must not let a countdown jump.
  if (known?.frozen !== state.frozen || Math.abs(mockNow() - state.now) > 1) {
    seen = performance.now();
    known = state;
  }
  return state;
}

/** @returns {Promise<ClockState>} */
export async function lookAtClock() {
  return learn(await call('GET', 'clock'));
}

/** @param {(now: number) => void} tick @returns {() => void} what ends it */
export function ticking(tick) {
  const timer = setInterval(() => known && !document.hidden && tick(mockNow()), 250);
  return () => clearInterval(timer);
}

/** @param {number} seconds */
export function lasting(seconds) {
  const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const rest = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return seconds < 86_400 ? rest : say(texts.days, { n: Math.floor(seconds / 86_400), rest });
}
