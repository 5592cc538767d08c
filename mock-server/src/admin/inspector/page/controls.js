// The controls: what a test sets before it, and what it looks at after it.

import { attempt, call, confirmed, notify } from './api.js';
import { clock } from './clock.js';
import { button, h, show } from './dom.js';
import { expectations } from './expectations.js';
import { faults } from './faults.js';
import { say } from './i18n.js';
import { keepFresh } from './live.js';
import { chosen, merchantPicker, merchants } from './merchants.js';
import { policies } from './policies.js';

/** @typedef {import('./types').Merchant} Merchant */
/**
 * One part of the view.
 * @typedef {{ element: HTMLElement, refresh?: () => Promise<unknown>, know?: (merchants: Merchant[]) => void, stop?: () => void }} Control
 */

const texts = /** @type {const} */ ({
  title: ['Controls', '控制'],
  reset: ['Reset', '重置'],
  resetLead: [
    'Everything: documents, exchanges, callbacks, fault rules and clock are as at the start, and created merchants are deleted. One merchant: its documents, exchanges and rules only.',
    '全部：数据、请求、回调、故障规则和时钟恢复到启动时的状态，并删除新建的商户。单个商户：仅重置其数据、请求和规则。',
  ],
  what: ['What to reset', '重置范围'],
  everything: ['Everything', '全部'],
  ask: ['Reset everything? This can’t be undone.', '确定重置全部吗？此操作无法撤销。'],
  askOne: ['Reset merchant {mchid}? This can’t be undone.', '确定重置商户 {mchid} 吗？此操作无法撤销。'],
  no: ['Keep it', '不重置'],
  done: ['Everything is reset.', '已全部重置。'],
  doneOne: ['Merchant {mchid} is reset.', '商户 {mchid} 已重置。'],
});

/** @type {import('./app.js').View} */
export function controls(root) {
  /** @type {Control[]} */
  const parts = [faults(() => fresh.now()), clock(), merchants(() => fresh.now()), expectations(), policies(), reset(() => fresh.now())];
  show(root, h('div', { class: 'stack' }, h('h1', null, say(texts.title)), h('div', { class: 'controls' }, parts.map(({ element }) => element))));
  const fresh = keepFresh(
    ['exchanges'],
    async () => {
      const listed = call('GET', 'merchants').then((/** @type {{ merchants: Merchant[] }} */ list) => parts.forEach(({ know }) => know?.(list.merchants)));
      await Promise.all([listed, ...parts.map(({ refresh }) => refresh?.())]);
    },
    { pause: 1000 },
  );
  return () => {
    fresh.stop();
    parts.forEach(({ stop }) => stop?.());
  };
}

/** @param {() => void} changed @returns {Control} */
function reset(changed) {
  const picker = merchantPicker(say(texts.what), say(texts.everything));
  const act = () =>
    attempt(async () => {
      const mchid = chosen(picker);
      const question = mchid ? say(texts.askOne, { mchid }) : say(texts.ask);
      if (!(await confirmed(question, say(texts.reset), say(texts.no)))) return;
      await call('POST', 'reset', mchid ? { merchant: mchid } : {});
      notify(mchid ? say(texts.doneOne, { mchid }) : say(texts.done));
      changed();
    });
  const element = h(
    'section',
    { class: 'card stack', 'aria-labelledby': 'reset' },
    h('h2', { id: 'reset' }, say(texts.reset)),
    h('p', { class: 'muted' }, say(texts.resetLead)),
    h('div', { class: 'row' }, picker.element, button(say(texts.reset), act, { class: 'danger' })),
  );
  return { element, know: picker.know };
}
