// Expectations: what tests checked, and a check of one's own.

import { call, Refused } from './api.js';
import { h, show, visible } from './dom.js';
import { say, when } from './i18n.js';
import { redraw } from './panes.js';
import { badge, card, jsonForm, muted, news } from './pieces.js';

const texts = /** @type {const} */ ({
  title: ['Expectations', '期望'],
  lead: ['What was checked with POST /__mock/verify, newest first', '通过 POST /__mock/verify 检查过的期望，最新的在前'],
  none: ['Nothing was checked yet.', '尚未检查过。'],
  met: ['met', '符合'],
  unmet: ['not met', '不符合'],
  report: ['Report', '报告'],
  label: ['Expectation (JSON)', '期望（JSON）'],
  check: ['Check', '检查'],
});

/** @param {boolean} met */
const verdict = (met) => (met ? badge('good', texts.met) : badge('bad', texts.unmet));
/** @param {string} report */
const pre = (report) => h('pre', { class: 'hostile' }, report.split('\n').flatMap((line) => [...visible(line), '\n']));

/** @param {Checked} checked */
function line({ number, at, expectation, met, report }) {
  const what = h('code', { class: 'hostile' }, visible(expectation ? JSON.stringify(expectation) : '…'));
  const head = h('div', { class: 'row' }, verdict(met), h('span', { class: 'muted' }, `#${number} ${when(at)}`), what);
  return h('li', null, head, h('details', null, h('summary', { 'aria-label': `${say(texts.report)} #${number}` }, say(texts.report)), pre(report)));
}

/** @returns {Control} */
export function expectations() {
  const list = h('div');
  const isNew = news();
  const answer = h('div', { role: 'status' });
  const refresh = async () => {
    /** @type {{ expectations: Checked[] }} */
    const { expectations: all } = await call('GET', 'verify');
    if (isNew(all)) redraw(list, all.length > 0 ? h('ol', { class: 'plain lined' }, all.toReversed().map(line)) : muted(texts.none));
  };
  /** @param {object} expectation */
  const check = async (expectation) => {
    show(answer);
    const found = await call('POST', 'verify', expectation).catch((error) => {
      // That it is not met is an answer, not a failure.
      if (error instanceof Refused && error.status === 409) return error.body;
      throw error;
    });
    show(answer, verdict(found.met), pre(found.report));
    await refresh();
  };
  const asked = jsonForm(texts.label, { operation: 'set_rights', status: 204, times: 1 }, texts.check, check);
  return { element: card(texts.title, [asked, answer, h('h3', null, say(texts.lead)), list]), refresh };
}
