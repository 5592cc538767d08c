// The policies: what the mock does where the documentation leaves it open.

import { call } from './api.js';
import { h, show } from './dom.js';
import { say } from './i18n.js';

const texts = /** @type {const} */ ({
  title: ['Policies', '策略'],
  lead: ['What the mock does where the documentation leaves it open. [policies] in the configuration sets them.', '文档未明确之处模拟网关的行为，在配置的 [policies] 中设置。'],
  all: ['All {n}, of which {changed} not at the default', '共 {n} 项，其中 {changed} 项不是默认值'],
  policy: ['Policy', '策略'],
  value: ['Value', '取值'],
  choices: ['Choices', '可选值'],
  what: ['About', '说明'],
  default: ['default', '默认'],
  changed: ['default: {value}', '默认：{value}'],
});

/** @returns {import('./controls.js').Control} */
export function policies() {
  const list = h('div', { class: 'scrolls' });
  let isShown = false;
  /** @param {import('./types').Policy} policy */
  const row = ({ name, value, default: usual, choices, what }) =>
    h(
      'tr',
      null,
      h('th', { scope: 'row' }, h('code', null, name)),
      h('td', null, h('code', null, value), ' ', value === usual ? h('small', { class: 'muted' }, say(texts.default)) : h('span', { class: 'badge warn' }, say(texts.changed, { value: usual }))),
      h('td', null, h('small', null, choices.join(', '))),
      h('td', { lang: 'en' }, what),
    );
  return {
    element: h('section', { class: 'card stack wide', 'aria-labelledby': 'policies' }, h('h2', { id: 'policies' }, say(texts.title)), h('p', { class: 'muted' }, say(texts.lead)), list),
    // They don't change while the mock runs.
    async refresh() {
      if (isShown) return;
      const { policies: all } = /** @type {{ policies: import('./types').Policy[] }} */ (await call('GET', 'policies'));
      isShown = true;
      const changed = all.filter((policy) => policy.value !== policy.default).length;
      const columns = [texts.policy, texts.value, texts.choices, texts.what];
      show(
        list,
        h(
          'details',
          null,
          h('summary', null, say(texts.all, { n: all.length, changed })),
          h('table', null, h('thead', null, h('tr', null, columns.map((text) => h('th', { scope: 'col' }, say(text))))), h('tbody', null, all.map(row))),
        ),
      );
    },
  };
}
