// Faults: one for the next call with one click, and the rules with their counters.

import { attempt, call, confirmed, notify } from './api.js';
import { button, h, show, visible } from './dom.js';
import { say } from './i18n.js';
import { merchantField } from './merchants.js';
import { lasting, mockNow, ticking } from './mocktime.js';
import { redraw } from './panes.js';
import { badge, card, jsonForm, labelled, muted, news, table, words } from './pieces.js';

const texts = /** @type {const} */ ({
  title: ['Faults', '故障'],
  next: ['The next call that is correctly signed and valid', '下一次签名正确且有效的请求'],
  other: ['Another fault', '其他故障'],
  calls: ['Calls', '请求'],
  callbacks: ['Callbacks', '回调'],
  operation: ['Only operation', '仅接口'],
  added: ['Rule {id} is added.', '已添加规则 {id}。'],
  none: ['There are no rules.', '没有规则。'],
  rule: ['Rule', '规则'],
  fault: ['Fault', '故障'],
  match: ['Only', '仅限'],
  struck: ['Applied', '已触发'],
  left: ['Remaining', '剩余次数'],
  over: ['used up', '已用完'],
  of: ['{struck} of {seen}', '{struck} / {seen}'],
  removeOne: ['Delete rule {id}', '删除规则 {id}'],
  removeAll: ['Delete all rules', '删除全部规则'],
  ask: ['Delete all rules?', '确定删除全部规则？'],
  json: ['Add a rule as JSON', '以 JSON 添加规则'],
  label: ['Rule (JSON)', '规则（JSON）'],
});

/** One click each. @type {[name: string, Words][]} */
const quick = [
  ['system-error', ['500 SYSTEM_ERROR', '500 SYSTEM_ERROR']],
  ['no-answer', ['No response (timeout)', '无应答（超时）']],
  ['wrong-key', ['Wrong key', '错误的签名密钥']],
  ['altered-body', ['Altered body', '应答体被篡改']],
  ['frequency-limited', ['429, too frequent', '429 频率限制']],
];
/** Precedes the names of callbacks' faults among the choices. */
const CALLBACK = 'callback ';

/** @param {Ending} changed @returns {Control} */
export function faults(changed) {
  const merchant = merchantField();
  const operations = h('datalist', { id: 'operations' });
  const operation = h('input', { list: operations.id, autocomplete: 'off', spellcheck: 'false' });
  const meaning = h('p', { class: 'muted', 'aria-live': 'polite' });
  const other = h('select', { onchange: () => show(meaning, meanings.get(other.value)) });
  const list = h('div');
  const isNew = news();
  /** @type {Map<string, string>} */
  const meanings = new Map();
  /** @type {(now: number) => void} */
  let countDown = () => {};

  /** @param {object} rule */
  const add = async (rule) => {
    const { id } = await call('POST', 'faults', rule);
    notify(say(texts.added, { id }));
    changed();
  };
  /** @param {string} name */
  const once = (name) => {
    const isCallback = name.startsWith(CALLBACK);
    const match = { ...(merchant.value && { merchant: merchant.value }), ...(operation.value && !isCallback && { operation: operation.value }) };
    return attempt(() => add({ ...(isCallback && { on: 'callback' }), fault: name.replace(CALLBACK, ''), times: 1, match }));
  };
  const removeAll = async () => {
    if (!(await confirmed(say(texts.ask), say(texts.removeAll), say(words.keep)))) return;
    await call('DELETE', 'faults');
    changed();
  };

  /** @param {Rule} rule @param {HTMLElement | undefined} ends */
  const row = (rule, ends) => {
    const { id, on, fault, error, latency, milliseconds, times, match = {}, seen, struck } = rule;
    const effect = [fault, error && Object.values(error).join(' '), latency && `latency ${JSON.stringify(latency)}`, milliseconds && `${milliseconds} ms`];
    const remove = async () => {
      await call('DELETE', `faults/${id}`);
      changed();
    };
    return [
      id,
      [on === 'callback' && badge('info', texts.callbacks), ' ', ...visible(effect.filter(Boolean).join(', '))],
      h('code', { class: 'hostile' }, Object.entries(match).map(([name, value]) => h('div', null, visible(`${name}: ${JSON.stringify(value)}`.slice(0, 500))))),
      say(texts.of, { struck, seen }),
      times === undefined ? '∞' : times > struck ? times - struck : badge('', texts.over),
      ends,
      button(say(words.remove), () => attempt(remove), { 'aria-label': say(texts.removeOne, { id }) }),
    ];
  };
  /** @param {Rule[]} rules */
  const drawRules = (rules) => {
    const clocks = rules.map(() => h('span', { class: 'mono' }));
    countDown = (now) =>
      rules.forEach(({ ends_at: at }, index) => at && clocks[index]?.replaceChildren(now < at ? lasting(at - now) : say(words.expired)));
    countDown(mockNow());
    const columns = [texts.rule, texts.fault, texts.match, texts.struck, texts.left, words.left, words.remove];
    const all = h('p', { class: 'row end' }, button(say(texts.removeAll), () => attempt(removeAll), { class: 'danger' }));
    redraw(list, ...(rules.length > 0 ? [table(columns, rules.map((rule, index) => row(rule, clocks[index]))), all] : [muted(texts.none)]));
  };
  const offer = async () => {
    const [names, listed] = await Promise.all([call('GET', 'fault-names'), call('GET', 'operations')]);
    names.faults.forEach((/** @type {{ name: string, meaning: string }} */ fault) => meanings.set(fault.name, fault.meaning));
    /** @param {Words} label @param {string} prefix @param {Iterable<string>} all */
    const group = (label, prefix, all) => h('optgroup', { label: say(label) }, Array.from(all, (name) => h('option', { value: prefix + name }, name)));
    show(meaning, meanings.get([...meanings.keys()][0] ?? ''));
    show(other, group(texts.calls, '', meanings.keys()), group(texts.callbacks, CALLBACK, names.callback_faults));
    show(operations, listed.operations.map((/** @type {import('./types').Operation} */ { id, summary }) => h('option', { value: id }, summary)));
  };
  const refresh = async () => {
    const { faults: rules } = await call('GET', 'faults');
    if (isNew(rules)) drawRules(rules);
    if (meanings.size === 0) await offer();
  };
  const next = h(
    'fieldset',
    { class: 'stack' },
    h('legend', null, say(texts.next)),
    h('div', { class: 'row' }, quick.map(([name, text]) => button(say(text), () => once(name)))),
    h('div', { class: 'row' }, labelled(texts.other, other), button(say(words.add), () => once(other.value)), meaning),
    h('div', { class: 'row' }, labelled(words.only, merchant), labelled(texts.operation, operation), operations),
  );
  const asked = jsonForm(texts.label, { fault: 'no-answer', milliseconds: 5000, times: 2, match: { operation: 'set_rights' } }, words.add, add);
  const element = card(texts.title, [next, list, h('details', null, h('summary', null, say(texts.json)), asked)]);
  return { element, refresh, stop: ticking((now) => countDown(now)) };
}
