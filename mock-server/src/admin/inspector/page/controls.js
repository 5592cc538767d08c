// The controls: what a test sets before it begins, and looks at when it has ended.

import { call, confirmed, notify } from './api.js';
import { clock } from './clock.js';
import { h, show } from './dom.js';
import { expectations } from './expectations.js';
import { faults } from './faults.js';
import { say } from './i18n.js';
import { merchantField, merchants } from './merchants.js';
import { card, form, keepFresh, labelled, muted, table } from './pieces.js';

/**
 * One part of the view.
 * @typedef {{ element: HTMLElement, refresh?: () => Promise<unknown>, stop?: () => void }} Control
 */

const texts = /** @type {const} */ ({
  title: ['Controls', '控制'],
  policies: ['Policies', '策略'],
  lead: ['What the mock does where the documentation leaves it open; [policies] in the configuration sets it.', '文档未明确之处模拟网关的行为，由配置中的 [policies] 设置。'],
  all: ['{n} policies, {changed} not at the default', '{n} 项策略，{changed} 项不是默认值'],
  policy: ['Policy', '策略'],
  value: ['Value', '取值'],
  usual: ['Default', '默认值'],
  choices: ['Choices', '可选值'],
  what: ['When', '情形'],
  reset: ['Reset', '重置'],
  resetLead: [
    'Everything becomes as it was at the start: documents, exchanges, callbacks, rules, clock; created merchants are deleted. Of one merchant: its documents, exchanges and rules.',
    '全部恢复到启动时的状态：数据、请求、回调、规则、时钟，并删除新建的商户。单个商户：仅其数据、请求和规则。',
  ],
  only: ['Only merchant', '仅商户'],
  ask: ['Reset everything? This can’t be undone.', '确定全部重置？此操作无法撤销。'],
  askOne: ['Reset merchant {mchid}? This can’t be undone.', '确定重置商户 {mchid}？此操作无法撤销。'],
  no: ['Keep it', '保留'],
  isReset: ['It is reset.', '已重置。'],
});

/** @type {import('./app.js').View} */
export function controls(root) {
  const parts = [faults(changed), clock(), reset(changed), merchants(changed), expectations(), policies()];
  show(root, h('div', { class: 'stack' }, h('h1', null, say(texts.title)), h('div', { class: 'controls' }, parts.map(({ element }) => element))));
  const fresh = keepFresh(['exchanges'], () => Promise.all(parts.map(({ refresh }) => refresh?.())));
  function changed() {
    fresh.now();
  }
  return () => {
    fresh.stop();
    parts.forEach(({ stop }) => stop?.());
  };
}

/** @param {() => void} changed @returns {Control} */
function reset(changed) {
  const field = merchantField();
  const act = async () => {
    const mchid = field.value.trim();
    if (!(await confirmed(mchid ? say(texts.askOne, { mchid }) : say(texts.ask), say(texts.reset), say(texts.no)))) return;
    await call('POST', 'reset', mchid ? { merchant: mchid } : {});
    notify(say(texts.isReset));
    changed();
  };
  const go = h('button', { class: 'danger' }, say(texts.reset));
  return { element: card(texts.reset, muted(texts.resetLead), form(act, labelled(texts.only, field), go)) };
}

/** @returns {Control} */
function policies() {
  const list = h('details');
  let isShown = false;
  /** @param {import('./types').Policy} policy */
  const row = ({ name, value, default: usual, choices, what }) => [
    name,
    h('code', { class: value !== usual && 'badge warn' }, value),
    h('code', null, usual),
    choices.map(({ name, meaning }) => h('div', null, h('code', null, name), `: ${meaning}`)),
    what,
  ];
  const refresh = async () => {
    // They don't change while the mock runs.
    if (isShown) return;
    /** @type {{ policies: import('./types').Policy[] }} */
    const { policies: all } = await call('GET', 'policies');
    isShown = true;
    const changed = all.filter((policy) => policy.value !== policy.default).length;
    const columns = [texts.policy, texts.value, texts.usual, texts.choices, texts.what];
    show(list, h('summary', null, say(texts.all, { n: all.length, changed })), table(columns, all.map(row)));
  };
  const element = card(texts.policies, muted(texts.lead), list);
  element.classList.add('wide');
  return { element, refresh };
}
