// The mock's clock, between two looks at it.

import { call } from './api.js';
import { say } from './i18n.js';

const texts = /** @type {const} */ ({ days: ['{n} d {rest}', '{n} 天 {rest}'] });

/** @type {ClockState | null} */
let known = null;
let seen = 0;

/** The mock's time in whole Unix seconds; 0 before the first look. */
export function mockNow() {
  return known ? Math.floor(known.now + (known.frozen ? 0 : (performance.now() - seen) / 1000)) : 0;
}

/** @param {object} [move] moves it @returns {Promise<ClockState>} */
export async function lookAtClock(move) {
  /** @type {ClockState} */
  const state = await call(move ? 'POST' : 'GET', 'clock', move);
  // The mock tells whole seconds: being one off is no news, and must not let a countdown jump.
  if (known?.frozen !== state.frozen || Math.abs(mockNow() - state.now) > 1) {
    seen = performance.now();
    known = state;
  }
  return state;
}

/** @param {(now: number) => void} tick @returns {Ending} */
export function ticking(tick) {
  const timer = setInterval(() => known && tick(mockNow()), 250);
  return () => clearInterval(timer);
}

/** @param {number} seconds */
export function lasting(seconds) {
  const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const rest = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return seconds < 86_400 ? rest : say(texts.days, { n: Math.floor(seconds / 86_400), rest });
}
