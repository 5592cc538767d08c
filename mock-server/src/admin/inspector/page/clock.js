// The mock's clock, shown and moved.

import { attempt, call } from './api.js';
import { button, h, show } from './dom.js';
import { say, when } from './i18n.js';
import { lasting, learn, lookAtClock, ticking } from './mocktime.js';

const texts = /** @type {const} */ ({
  title: ['Clock', '时钟'],
  now: ['Now', '当前时间'],
  state: ['State', '状态'],
  runs: ['runs', '运行中'],
  frozen: ['frozen', '已冻结'],
  real: ['the real time', '真实时间'],
  ahead: ['{time} ahead of the real time', '比真实时间快 {time}'],
  behind: ['{time} behind the real time', '比真实时间慢 {time}'],
  freeze: ['Freeze', '冻结'],
  minutes: ['+5 min', '+5 分钟'],
  day: ['+1 day', '+1 天'],
  resume: ['Resume the real time', '恢复真实时间'],
  at: ['Freeze at', '冻结在'],
  set: ['Set', '设置'],
  signatures: ['Signatures keep the real time', '签名仍使用真实时间'],
  signaturesHint: [
    'Without this, requests with the real time are refused once the clock is more than five minutes off. Set it if an SDK goes on calling.',
    '不勾选时，时钟偏差超过 5 分钟后，带真实时间戳的请求会被拒绝。如果 SDK 还要继续调用，请勾选。',
  ],
});

/** @returns {import('./controls.js').Control} */
export function clock() {
  const time = h('strong', { class: 'mono', role: 'timer', 'aria-label': say(texts.now) });
  const state = h('p', { role: 'status' });
  let said = '';
  // The mock does not tell which time signatures have, so it is asked to change that only after this was used.
  let isChosen = false;
  const real = h('input', { type: 'checkbox', id: 'real', onchange: () => (isChosen = true) });
  const at = h('input', { type: 'datetime-local', id: 'freeze-at', step: 1, required: true });

  /** @param {import('./types').ClockState} clock */
  const tell = ({ frozen, offset }) => {
    // What is said again and again is noise for a screen reader. Of a frozen clock the offset grows by itself.
    const text = `${frozen} ${frozen || offset}`;
    if (text === said) return;
    said = text;
    const skew = offset === 0 ? say(texts.real) : say(offset > 0 ? texts.ahead : texts.behind, { time: lasting(Math.abs(offset)) });
    show(state, h('span', { class: `badge ${frozen ? 'warn' : 'good'}` }, say(frozen ? texts.frozen : texts.runs)), ' ', !frozen && skew);
  };
  /** @param {object} action */
  const move = (action) => attempt(async () => tell(learn(await call('POST', 'clock', action))));
  /** @param {object} action */
  const signed = (action) => move({ ...action, ...(isChosen && { signatures: real.checked ? 'real' : 'mock' }) });
  const element = h(
    'section',
    { class: 'card stack', 'aria-labelledby': 'clock' },
    h('h2', { id: 'clock' }, say(texts.title)),
    h('p', { class: 'now' }, time),
    state,
    h(
      'div',
      { class: 'row' },
      button(say(texts.freeze), () => signed({ action: 'freeze' })),
      button(say(texts.minutes), () => signed({ action: 'advance', seconds: 300 })),
      button(say(texts.day), () => signed({ action: 'advance', seconds: 86_400 })),
      button(say(texts.resume), () => move({ action: 'resume' }), { class: 'main' }),
    ),
    h(
      'form',
      {
        class: 'row',
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          void signed({ action: 'freeze', at: Math.floor(new Date(at.value).getTime() / 1000) });
        },
      },
      h('label', { for: 'freeze-at' }, say(texts.at)),
      at,
      h('button', null, say(texts.set)),
    ),
    h('div', null, h('label', { for: 'real' }, real, ' ', say(texts.signatures)), h('p', { class: 'muted' }, say(texts.signaturesHint))),
  );
  const stop = ticking((now) => show(time, when(now, 'full')));
  return {
    element,
    stop,
    refresh: async () => tell(await lookAtClock()),
  };
}
