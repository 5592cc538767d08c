// One document: its value, what happened to it and what can happen, and its edition for test set-up.

import { confirmed, notify, textOf } from './api.js';
import { KINDS, RELATED, stateOf } from './diagrams.js';
import { button, h, link, visible } from './dom.js';
import { moment, points, states } from './drawing.js';
import { say } from './i18n.js';
import { differences, exact, formatted, redraw, some } from './values.js';

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Change} Change */

const texts = /** @type {const} */ ({
  back: ['Back to the list', '返回列表'],
  version: ['version {n}', '版本 {n}'],
  deleted: ['deleted', '已删除'],
  edit: ['Edit', '编辑'],
  remove: ['Delete', '删除'],
  states: ['What happened, what can happen', '已发生与可能发生的状态变化'],
  points: ['Points over time', '积分变化'],
  value: ['Value', '内容'],
  gone: ['It is deleted. Its history has what it was.', '该数据已删除，历史记录中有删除前的内容。'],
  related: ['Belongs to', '相关数据'],
  history: ['History', '历史记录'],
  none: ['No change of it is kept: it was there from the beginning, or the change is too long ago.', '没有保留的变更：它在启动时已存在，或变更时间过久。'],
  created: ['created', '创建'],
  same: ['nothing changed but the version', '除版本外没有变化'],
  request: ['by a request', '由请求'],
  payer: ['by the payer', '由付款用户'],
  time: ['by time', '到期自动'],
  by_edit: ['by an edit', '由编辑'],
  setup: [
    'For test set-up: this changes what the mock remembers, past the rules of the gateway. The history records it as an edit.',
    '用于准备测试数据：直接修改模拟网关保存的内容，不经过网关规则，并在历史记录中标为“编辑”。',
  ],
  json: ['New value, as JSON', '新内容（JSON）'],
  save: ['Save', '保存'],
  cancel: ['Cancel', '取消'],
  saved: ['Saved.', '已保存。'],
  other: ['It has changed since you began. Saving replaces that.', '开始编辑后它又有了变更，保存会覆盖该变更。'],
  question: [
    'Delete {key}? For test set-up: the mock forgets the document, and the history records the deletion.',
    '要删除 {key} 吗？用于准备测试数据：模拟网关会忘记该数据，删除操作会记入历史记录。',
  ],
  keep: ['Keep it', '保留'],
});

/** @type {{ [by: string]: import('./i18n.js').Text }} */
const BY = { request: texts.request, payer: texts.payer, time: texts.time, edit: texts.by_edit };

/** @param {...string} parts */
export function address(...parts) {
  return `#/state/${parts.filter(Boolean).map(encodeURIComponent).join('/')}`;
}

/** @param {string} kind */
export function nameOf(kind) {
  const known = KINDS[kind];
  return known ? say(known) : kind;
}

/**
 * Shows one document.
 * @param {string} merchant
 * @param {string} kind
 * @param {string} key
 */
export function document_(merchant, kind, key) {
  const call = `documents/${encodeURIComponent(kind)}/${encodeURIComponent(key)}?merchant=${encodeURIComponent(merchant)}`;
  const title = h('h2', { tabindex: '-1', class: 'hostile' }, ...visible(key));
  const facts = h('p', { class: 'row' });
  const failure = h('p', { class: 'bad', role: 'alert' });
  const [editor, body] = [h('div'), h('div', { class: 'stack' })];
  const change = button(say(texts.edit), () => current && edit(current));
  const remove = button(say(texts.remove), () => ask(), { class: 'danger' });
  const actions = h('p', { class: 'row' }, change, remove);
  const back = h('p', { class: 'back' }, link(address(merchant, kind), `← ${say(texts.back)}`));
  const element = h('section', { class: 'card stack' }, back, title, facts, actions, failure, editor, body);
  /** @type {Document | null} */
  let current = null;
  let text = '';
  let warn = () => {};

  async function load() {
    try {
      const answer = await textOf('GET', call);
      failure.textContent = '';
      if (answer === text) return;
      text = answer;
      draw((current = /** @type {Document} */ (exact(answer))));
      warn();
    } catch (error) {
      [text, current] = ['', null];
      redraw(body);
      failure.textContent = String(/** @type {Error} */ (error).message);
    }
    actions.hidden = !current || current.value === null;
  }

  /** @param {Document} found */
  function draw({ value, version, changes }) {
    const state = stateOf(kind, value);
    redraw(
      facts,
      h('span', { class: 'badge' }, nameOf(kind)),
      state ? h('span', { class: 'badge info hostile' }, ...visible(state)) : null,
      h('span', { class: 'badge' }, say(texts.version, { n: version })),
      value === null && h('span', { class: 'badge warn' }, say(texts.deleted)),
    );
    redraw(
      body,
      ...part(texts.states, states(kind, value, changes)),
      ...part(texts.points, kind === 'member_card' ? points(changes) : null),
      ...part(texts.related, related(/** @type {any} */ (value))),
      ...part(texts.value, value === null ? h('p', { class: 'muted' }, say(texts.gone)) : formatted(value)),
      ...part(texts.history, history(changes)),
    );
  }

  /** @param {any} value */
  function related(value) {
    const found = (RELATED[kind] ?? []).flatMap(([field, other]) => {
      /** @type {unknown[]} */
      const keys = [value?.[field] ?? []].flat();
      return keys.filter((key) => typeof key === 'string').map((key) => /** @type {const} */ ([other, String(key)]));
    });
    if (!found.length) return null;
    return some(h('ul'), found, 20, ([other, key]) => h('li', null, `${nameOf(other)}: `, link(address(merchant, other, key), ...visible(key))));
  }

  /** @param {Document} edited */
  function edit({ value, version }) {
    const input = h('textarea', { id: 'edited', rows: 16, spellcheck: 'false', 'aria-describedby': 'edit-what edit-error' });
    input.value = JSON.stringify(value, null, 2);
    const error = h('p', { class: 'bad hostile', id: 'edit-error', role: 'alert' });
    const meanwhile = h('p', { class: 'warn', role: 'status' });
    const close = () => (editor.replaceChildren(), (warn = () => {}), change.focus());
    warn = () => void (meanwhile.textContent = current?.version === version ? '' : say(texts.other));
    const save = async () => {
      try {
        await textOf('PUT', call, exact(input.value));
      } catch (refused) {
        error.textContent = String(/** @type {Error} */ (refused).message);
        input.setAttribute('aria-invalid', 'true');
        return input.focus();
      }
      notify(say(texts.saved));
      close();
      await load();
    };
    editor.replaceChildren(
      h('p', { class: 'warn', id: 'edit-what' }, say(texts.setup)),
      h('label', { for: 'edited' }, say(texts.json)),
      input,
      error,
      meanwhile,
      h('p', { class: 'row' }, button(say(texts.save), save, { class: 'main' }), button(say(texts.cancel), close)),
    );
    input.focus();
  }

  async function ask() {
    if (!(await confirmed(say(texts.question, { key }), say(texts.remove), say(texts.keep)))) return;
    try {
      await textOf('DELETE', call);
    } catch (error) {
      notify(String(/** @type {Error} */ (error).message), 'bad');
    }
    await load();
    title.focus();
  }

  return { element, load, focus: () => title.focus() };
}

/** @param {import('./i18n.js').Text} title @param {Element | null} content */
function part(title, content) {
  return content ? [h('h3', null, say(title)), content] : [];
}

/** What each change changed, the newest first. @param {Change[]} changes */
function history(changes) {
  if (!changes.length) return h('p', { class: 'muted' }, say(texts.none));
  const newest = changes.map((change, at) => ({ change, before: changes[at - 1] })).reverse();
  return some(h('ol', { class: 'history', reversed: true }), newest, 20, ({ change, before }) => {
    const by = BY[change.by];
    const what = change.value === null ? texts.deleted : before?.value ?? null ? null : texts.created;
    const who = h('span', { class: `badge ${change.by === 'edit' ? 'warn' : ''}` }, by ? say(by) : change.by);
    const line = h('p', { class: 'row' }, h('span', null, moment(change)), who, what && h('span', { class: 'badge info' }, say(what)));
    return h('li', null, line, what ? null : changed(before?.value, change.value));
  }, (more) => h('li', null, more));
}

/** @param {unknown} before @param {unknown} after */
function changed(before, after) {
  const found = differences(before, after);
  if (!found.length) return h('p', { class: 'muted' }, say(texts.same));
  return some(h('ul', { class: 'changed hostile' }), found, 12, ({ path, before, after }) =>
    h(
      'li',
      null,
      h('code', null, ...visible(path), ': '),
      before !== undefined && h('del', null, ...visible(short(before))),
      before !== undefined && after !== undefined && ' → ',
      after !== undefined && h('ins', null, ...visible(short(after))),
    ), (more) => h('li', null, more));
}

/** @param {string} text */
function short(text) {
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
