// The controls: what a test sets before it begins, and looks at when it has ended.

import { attempt, call, confirmed, notify } from './api.js';
import { button, h, show } from './dom.js';
import { expectations } from './expectations.js';
import { faults } from './faults.js';
import { say, when } from './i18n.js';
import { merchantField, merchants } from './merchants.js';
import { lasting, lookAtClock, ticking } from './mocktime.js';
import { badge, card, form, keepFresh, labelled, muted, table, words } from './pieces.js';

const texts = /** @type {const} */ ({
  title: ['Controls', '控制'],
  clock: ['Clock', '时钟'],
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
  hint: ['Otherwise SDKs, which sign with the real time, are refused once the clock is five minutes off.', '否则时钟偏差超过 5 分钟后，用真实时间签名的 SDK 会被拒绝。'],
  policies: ['Policies', '策略'],
  lead: ['What the mock does where the documentation leaves it open; [policies] in the configuration sets it.', '官方文档没有明确时，模拟网关怎样做；可在配置的 [policies] 中设置。'],
  all: ['{n} policies, {changed} not at the default', '{n} 项策略，{changed} 项不是默认值'],
  policy: ['Policy', '策略'],
  value: ['Value', '取值'],
  usual: ['Default', '默认值'],
  choices: ['Choices', '可选值'],
  what: ['When', '情形'],
  reset: ['Reset', '重置'],
  resetLead: [
    'Everything is then as at the start, and created merchants are deleted. Of one merchant: its documents, exchanges and rules.',
    '全部恢复到启动时的状态，并删除新建的商户。选择单个商户时，只清除它的数据、请求和规则。',
  ],
  ask: ['Reset everything? This can’t be undone.', '确定全部重置？此操作无法撤销。'],
  askOne: ['Reset merchant {mchid}? This can’t be undone.', '确定重置商户 {mchid}？此操作无法撤销。'],
  isReset: ['It is reset.', '已重置。'],
});

/** @type {import('./app.js').View} */
export function controls(root) {
  const changed = () => void fresh.now();
  const parts = [faults(changed), clock(), reset(changed), merchants(changed), expectations(), policies()];
  show(root, h('div', { class: 'stack' }, h('h1', null, say(texts.title)), h('div', { class: 'controls' }, parts.map(({ element }) => element))));
  const fresh = keepFresh(['exchanges'], () => Promise.all(parts.map(({ refresh }) => refresh?.())));
  return () => {
    fresh.stop();
    parts.forEach(({ stop }) => stop?.());
  };
}

/** @type {[Words, { action: string, seconds?: number }][]} */
const moves = [
  [texts.freeze, { action: 'freeze' }],
  [texts.minutes, { action: 'advance', seconds: 300 }],
  [texts.day, { action: 'advance', seconds: 86_400 }],
  [texts.resume, { action: 'resume' }],
];

/** @returns {Control} */
function clock() {
  const time = h('p', { class: 'now mono' });
  const state = h('p', { role: 'status' });
  let said = '';
  // The mock does not say which time signatures have, so it is only told when somebody chose.
  let isChosen = false;
  const real = h('input', { type: 'checkbox', onchange: () => (isChosen = true) });
  /** @param {object} [move] */
  const refresh = async (move) => {
    const { frozen, offset } = await lookAtClock(move);
    const skew = offset === 0 ? say(texts.real) : say(offset > 0 ? texts.ahead : texts.behind, { time: lasting(Math.abs(offset)) });
    // What is said again and again is noise for a screen reader.
    if (said === (said = `${frozen || skew}`)) return;
    show(state, ...(frozen ? [badge('warn', texts.frozen)] : [badge('good', texts.runs), ' ', skew]));
  };
  const act = (/** @type {typeof moves[0][1]} */ move) => {
    if (move.action === 'resume') real.checked = isChosen = false;
    return refresh({ ...move, ...(isChosen && { signatures: real.checked ? 'real' : 'mock' }) });
  };
  const buttons = moves.map(([text, move]) => button(say(text), () => attempt(() => act(move))));
  const element = card(texts.clock, [time, state, h('div', { class: 'row' }, buttons), labelled(texts.signatures, real), muted(texts.hint)]);
  return { element, refresh: () => refresh(), stop: ticking((now) => show(time, when(now, 'full'))) };
}

/** @param {Ending} changed @returns {Control} */
function reset(changed) {
  const field = merchantField();
  const act = async () => {
    const mchid = field.value.trim();
    if (!(await confirmed(mchid ? say(texts.askOne, { mchid }) : say(texts.ask), say(texts.reset), say(words.keep)))) return;
    await call('POST', 'reset', mchid ? { merchant: mchid } : {});
    notify(say(texts.isReset));
    changed();
  };
  const go = h('button', { class: 'danger' }, say(texts.reset));
  return { element: card(texts.reset, [muted(texts.resetLead), form(act, labelled(words.only, field), go)]) };
}

/** @returns {Control} */
function policies() {
  const list = h('details');
  /** @param {Policy} policy */
  const row = ({ name, value, default: usual, choices, what }) => [
    name,
    h('code', { class: value !== usual && 'badge warn' }, value),
    h('code', null, usual),
    choices.map(({ name, meaning }) => h('div', null, h('code', null, name), `: ${meaning}`)),
    what,
  ];
  const refresh = async () => {
    // They don't change while the mock runs.
    if (list.hasChildNodes()) return;
    /** @type {{ policies: Policy[] }} */
    const { policies: all } = await call('GET', 'policies');
    const changed = all.filter((policy) => policy.value !== policy.default).length;
    const columns = [texts.policy, texts.value, texts.usual, texts.choices, texts.what];
    show(list, h('summary', null, say(texts.all, { n: all.length, changed })), table(columns, all.map(row)));
  };
  return { element: card(texts.policies, [muted(texts.lead), list]), refresh };
}
