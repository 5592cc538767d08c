// The mock's clock, shown and moved.

import { attempt, call } from './api.js';
import { button, h, show } from './dom.js';
import { say, when } from './i18n.js';
import { lasting, learn, lookAtClock, ticking } from './mocktime.js';
import { card, form, labelled } from './pieces.js';

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
  at: ['Freeze at', '冻结在'],
  set: ['Set', '设置'],
  signatures: ['Signatures keep the real time', '签名仍使用真实时间'],
  hint: ['An SDK signs with the real time, and is refused if the clock is more than five minutes off, unless this is set.', 'SDK 用真实时间签名；不勾选时，时钟偏差超过 5 分钟请求就会被拒绝。'],
});

/** @returns {import('./controls.js').Control} */
export function clock() {
  const time = h('p', { class: 'now mono' });
  const state = h('p', { role: 'status' });
  let said = '';
  // The mock does not say which time signatures have, so it is only told when somebody chose.
  let isChosen = false;
  const real = h('input', { type: 'checkbox', onchange: () => (isChosen = true) });
  const at = h('input', { type: 'datetime-local', step: 1, required: true });

  /** @param {import('./types').ClockState} clock */
  const tell = ({ frozen, offset }) => {
    const skew = offset === 0 ? say(texts.real) : say(offset > 0 ? texts.ahead : texts.behind, { time: lasting(Math.abs(offset)) });
    const text = frozen ? say(texts.frozen) : `${say(texts.runs)} ${skew}`;
    // A status that is said again and again is noise for a screen reader.
    if (text === said) return;
    said = text;
    show(state, h('span', { class: `badge ${frozen ? 'warn' : 'good'}` }, say(frozen ? texts.frozen : texts.runs)), ' ', !frozen && skew);
  };
  /** @param {object} action */
  const move = async (action) => tell(learn(await call('POST', 'clock', { ...action, ...(isChosen && { signatures: real.checked ? 'real' : 'mock' }) })));
  const resume = async () => {
    real.checked = isChosen = false;
    tell(learn(await call('POST', 'clock', { action: 'resume' })));
  };
  const element = card(
    texts.title,
    time,
    state,
    h(
      'div',
      { class: 'row' },
      button(say(texts.freeze), () => attempt(() => move({ action: 'freeze' }))),
      button(say(texts.minutes), () => attempt(() => move({ action: 'advance', seconds: 300 }))),
      button(say(texts.day), () => attempt(() => move({ action: 'advance', seconds: 86_400 }))),
      button(say(texts.resume), () => attempt(resume), { class: 'main' }),
    ),
    form(() => move({ action: 'freeze', at: Math.floor(new Date(at.value).getTime() / 1000) }), labelled(texts.at, at), h('button', null, say(texts.set))),
    labelled(texts.signatures, real),
    h('p', { class: 'muted' }, say(texts.hint)),
  );
  return { element, refresh: async () => tell(await lookAtClock()), stop: ticking((now) => show(time, when(now, 'full'))) };
}
