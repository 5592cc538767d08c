// Expectations: what tests checked, and a check of one's own.

import { attempt, call, Refused } from './api.js';
import { h, show, visible } from './dom.js';
import { say, when } from './i18n.js';
import { drawer } from './live.js';

/** @typedef {import('./types').Checked} Checked */

const texts = /** @type {const} */ ({
  title: ['Expectations', '期望'],
  lead: ['What tests checked with POST /__mock/verify, newest first.', '测试通过 POST /__mock/verify 检查的期望，最新的在前。'],
  none: ['None was checked yet.', '尚未检查过期望。'],
  met: ['met', '符合'],
  unmet: ['not met', '不符合'],
  report: ['Report', '报告'],
  label: ['Expectation (JSON)', '期望（JSON）'],
  check: ['Check', '检查'],
  invalid: ['This is not JSON: {reason}', '不是合法的 JSON：{reason}'],
});

/** What the field begins with. */
const SAMPLE = '{\n  "operation": "set_rights",\n  "status": 204,\n  "times": 1\n}';

/** @returns {import('./controls.js').Control} */
export function expectations() {
  const list = h('div');
  const redraw = drawer(list);
  const input = h('textarea', { id: 'expectation', rows: 5, spellcheck: 'false', required: true });
  input.value = SAMPLE;
  const answer = h('div', { role: 'status' });
  const badge = (/** @type {boolean} */ met) => h('span', { class: `badge ${met ? 'good' : 'bad'}` }, say(met ? texts.met : texts.unmet));

  const refresh = async () => {
    const { expectations: all } = /** @type {{ expectations: Checked[] }} */ (await call('GET', 'verify'));
    redraw(all, () => show(list, all.length > 0 ? h('ol', { class: 'plain stack checked', reversed: true }, all.toReversed().map(entry)) : h('p', { class: 'muted' }, say(texts.none))));
  };
  /** @param {Checked} checked */
  const entry = ({ number, at, expectation, met, report }) =>
    h(
      'li',
      null,
      h('div', { class: 'row' }, badge(met), h('span', { class: 'muted' }, `#${number} `, when(at))),
      h('code', { class: 'hostile' }, visible(JSON.stringify(expectation))),
      h('details', null, h('summary', { 'aria-label': `${say(texts.report)} #${number}` }, say(texts.report)), h('pre', { class: 'hostile' }, visible(report, { lines: true }))),
    );
  /** @param {Event} event */
  const check = (event) => {
    event.preventDefault();
    show(answer);
    void attempt(async () => {
      let expectation;
      try {
        expectation = JSON.parse(input.value);
      } catch (error) {
        throw new Error(say(texts.invalid, { reason: String(error) }));
      }
      const found = await call('POST', 'verify', expectation).catch((error) => {
        // An expectation that is not met is an answer, not a failure.
        if (error instanceof Refused && typeof error.body?.met === 'boolean') return error.body;
        throw error;
      });
      show(answer, badge(found.met), h('pre', { class: 'hostile' }, visible(found.report, { lines: true })));
      await refresh();
    });
  };
  const element = h(
    'section',
    { class: 'card stack', 'aria-labelledby': 'expectations' },
    h('h2', { id: 'expectations' }, say(texts.title)),
    h('form', { class: 'stack', onsubmit: check }, h('label', { for: 'expectation' }, say(texts.label)), input, h('p', { class: 'row end' }, h('button', { class: 'main' }, say(texts.check)))),
    answer,
    h('p', { class: 'muted' }, say(texts.lead)),
    list,
  );
  return { element, refresh };
}
