// The mock's clock, shown and moved.

import { attempt, call } from './api.js';
import { button, h, show } from './dom.js';
import { say, when } from './i18n.js';
import { lasting, learn, lookAtClock, ticking } from './mocktime.js';
import { badge, card, labelled, muted } from './pieces.js';

const texts = /** @type {const} */ ({
  title: ['Clock', '时钟'],
  runs: ['runs', '运行中'],
  frozen: ['frozen', '已冻结'],
  real: ['the real time', '真实时间'],
  ahead: ['{time} ahead of the real time', '比真实时间快 {time}'],
  behind: ['{time} behind the real time', '比真实时间慢 {time}'],
  freeze: ['Freeze', '冻结'],
  minutes: ['+5 min', '+5 分钟'],
  day: ['+1 day', '+1 天'],
  resume: ['Resume', '恢复真实时间'],
  signatures: ['Signatures keep the real time', '签名仍使用真实时间'],
  hint: ['An SDK signs with the real time, and is refused if the clock is more than five minutes off, unless this is set.', 'SDK 用真实时间签名；不勾选时，时钟偏差超过 5 分钟请求就会被拒绝。'],
});

/** @type {[import('./i18n.js').Text, { action: string, seconds?: number }][]} */
const moves = [
  [texts.freeze, { action: 'freeze' }],
  [texts.minutes, { action: 'advance', seconds: 300 }],
  [texts.day, { action: 'advance', seconds: 86_400 }],
  [texts.resume, { action: 'resume' }],
];

/** @returns {import('./controls.js').Control} */
export function clock() {
  const time = h('p', { class: 'now mono' });
  const state = h('p', { role: 'status' });
  let said = '';
  // The mock does not say which time signatures have, so it is only told when somebody chose.
  let isChosen = false;
  const real = h('input', { type: 'checkbox', onchange: () => (isChosen = true) });

  /** @param {import('./types').ClockState} clock */
  const tell = ({ frozen, offset }) => {
    const skew = offset === 0 ? say(texts.real) : say(offset > 0 ? texts.ahead : texts.behind, { time: lasting(Math.abs(offset)) });
    const text = frozen ? say(texts.frozen) : `${say(texts.runs)} ${skew}`;
    // A status that is said again and again is noise for a screen reader.
    if (text === said) return;
    said = text;
    show(state, frozen ? badge('warn', texts.frozen) : badge('good', texts.runs), ' ', !frozen && skew);
  };
  /** @param {{ action: string, seconds?: number }} action */
  const move = async (action) => {
    if (action.action === 'resume') real.checked = isChosen = false;
    tell(learn(await call('POST', 'clock', { ...action, ...(isChosen && { signatures: real.checked ? 'real' : 'mock' }) })));
  };
  const element = card(
    texts.title,
    time,
    state,
    h('div', { class: 'row' }, moves.map(([text, action]) => button(say(text), () => attempt(() => move(action))))),
    labelled(texts.signatures, real),
    muted(texts.hint),
  );
  return { element, refresh: async () => tell(await lookAtClock()), stop: ticking((now) => show(time, when(now, 'full'))) };
}
