// One document: its value, what happened to it and what can happen, and its edition for test set-up.

import { attempt, confirmed, notify, textOf } from './api.js';
import { KINDS, RELATED, stateOf } from './diagrams.js';
import { button, h, link, visible } from './dom.js';
import { begins, moment, points, states } from './drawing.js';
import { say } from './i18n.js';
import { redraw, some, telling } from './panes.js';
import { badge, long } from './text.js';
import { differences, exact } from './values.js';

/** @import { Text } from './i18n.js' */
/** @import { Change, Chosen, Document } from './types.js' */

const texts = /** @type {const} */ ({
  version: ['version {n}', '版本 {n}'],
  deleted: ['deleted', '已删除'],
  edit: ['Edit', '编辑'],
  remove: ['Delete', '删除'],
  states: ['What happened, what can happen', '已发生与可能发生的状态变化'],
  points: ['Points over time', '积分变化'],
  related: ['Belongs to', '相关数据'],
  value: ['Value', '内容'],
  history: ['History', '历史记录'],
  none: ['No change of it is kept: it was there at the start, or the change is too old.', '没有保留的变更记录：启动时就已存在，或变更发生得太早。'],
  created: ['created', '创建'],
  first: ['first change that is kept', '保留的最早变更'],
  same: ['the same value again', '内容没有变化'],
  request: ['by a request', '请求'],
  payer: ['by the payer', '用户操作'],
  time: ['by time', '到期自动'],
  edited: ['by an edit', '手动编辑'],
  setup: [
    'For test set-up: this changes what the mock remembers, past the rules of the gateway. The history records it as an edit.',
    '用于准备测试数据：绕过网关规则，直接修改模拟网关保存的内容，并在历史记录中标为“手动编辑”。',
  ],
  json: ['New value, as JSON', '新内容（JSON）'],
  save: ['Save', '保存'],
  cancel: ['Cancel', '取消'],
  saved: ['Saved.', '已保存。'],
  other: ['It has changed since you began; saving replaces that.', '开始编辑后它又有变更，保存会覆盖该变更。'],
  question: ['Delete {key}? This is for test set-up; the history records it.', '要删除 {key} 吗？此操作用于准备测试数据，会记入历史记录。'],
  keep: ['Keep it', '保留'],
});

/** @type {{ [by: string]: Text }} */
const BY = { request: texts.request, payer: texts.payer, time: texts.time, edit: texts.edited };

/** @param {...string} parts */
export function address(...parts) {
  return `#/state/${parts.map(encodeURIComponent).join('/')}`;
}

/** @param {string} kind */
export function nameOf(kind) {
  return say((Object.hasOwn(KINDS, kind) && KINDS[kind]) || [kind, kind]);
}

/** @param {string} merchant @param {string} kind @param {string} key @returns {Chosen} */
export function openDocument(merchant, kind, key) {
  const call = `documents/${encodeURIComponent(kind)}/${encodeURIComponent(key)}?merchant=${encodeURIComponent(merchant)}`;
  const title = h('h2', { tabindex: '-1', class: 'hostile' }, ...visible(key));
  const [facts, body, editor] = [h('p', { class: 'row' }), h('div', { class: 'stack' }), h('div', { class: 'stack' })];
  const change = button(say(texts.edit), () => current && edit(current));
  const actions = h('p', { class: 'row', hidden: true }, change, button(say(texts.remove), () => attempt(remove), { class: 'danger' }));
  let text = '';
  /** @type {Document | null} */
  let current = null;
  let warn = () => {};

  async function load() {
    try {
      const answer = await textOf('GET', call);
      if (answer === text) return;
      [text, current] = [answer, exact(answer)];
    } catch (error) {
      [text, current] = ['', null];
      throw error;
    } finally {
      actions.hidden = !current || current.value === null;
    }
    redraw(body, ...(current ? parts(current) : []));
    warn();
  }

  /** @param {Document} found */
  function parts({ value, version, changes }) {
    const state = stateOf(kind, value);
    redraw(
      facts,
      badge('', nameOf(kind)),
      state && h('span', { class: 'badge info hostile' }, ...visible(state)),
      version ? badge('', say(texts.version, { n: version })) : badge('warn', say(texts.deleted)),
    );
    /** @type {[Text, Element | null][]} */
    const all = [
      [texts.states, states(kind, value, changes)],
      [texts.points, kind === 'member_card' ? points(changes) : null],
      [texts.related, related(value)],
      [texts.value, value === null ? null : long(JSON.stringify(value, null, 2), false)],
      [texts.history, changes.length ? history(changes) : h('p', { class: 'muted' }, say(texts.none))],
    ];
    return all.flatMap(([title, part]) => (part ? [h('h3', null, say(title)), part] : []));
  }

  /** @param {any} value */
  function related(value) {
    const found = (RELATED[kind] ?? []).flatMap(([field, kind]) => [value?.[field]].flat().map((key) => ({ kind, key })));
    const named = found.filter(({ key }) => typeof key === 'string');
    const item = (/** @type {{ kind: string, key: string }} */ { kind, key }) =>
      h('li', null, `${nameOf(kind)} `, link(address(merchant, kind, key), ...visible(key)));
    return named.length ? some(h('ul'), named, 20, item) : null;
  }

  /** @param {Document} edited */
  function edit({ value, version }) {
    const input = h('textarea', { id: 'edited', rows: 16, spellcheck: 'false', 'aria-describedby': 'edit-what edit-error' });
    const changed = h('p', { class: 'warn', role: 'status' });
    input.value = JSON.stringify(value, null, 2);
    warn = () => void (changed.textContent = current?.version === version ? '' : say(texts.other));
    const close = () => {
      editor.replaceChildren();
      warn = () => {};
      change.focus();
    };
    const [error, save] = telling(async () => {
      try {
        await textOf('PUT', call, exact(input.value));
      } catch (refused) {
        input.setAttribute('aria-invalid', 'true');
        input.focus();
        throw refused;
      }
      notify(say(texts.saved));
      close();
      await load();
    });
    error.id = 'edit-error';
    editor.replaceChildren(
      h('p', { class: 'warn', id: 'edit-what' }, say(texts.setup)),
      h('label', { for: 'edited' }, say(texts.json)),
      input,
      error,
      changed,
      h('p', { class: 'row' }, button(say(texts.save), save, { class: 'main' }), button(say(texts.cancel), close)),
    );
    input.focus();
  }

  async function remove() {
    if (!(await confirmed(say(texts.question, { key }), say(texts.remove), say(texts.keep)))) return;
    await textOf('DELETE', call);
    await load();
    title.focus();
  }

  return { title, parts: [facts, actions, editor, body], load };
}

/** What each change changed, the newest first. @param {Change[]} changes */
function history(changes) {
  const newest = changes.map((change, at) => ({ ...change, before: changes[at - 1]?.value ?? null, isBegun: at > 0 || begins(change), change })).reverse();
  return some(h('ol', { class: 'history' }), newest, 20, ({ change, before, isBegun, value, by }) => {
    const what = value === null ? texts.deleted : before !== null ? null : isBegun ? texts.created : texts.first;
    const who = badge(by === 'edit' ? 'warn' : '', say(BY[by] ?? [by, by]));
    const line = h('p', { class: 'row' }, moment(change), who, what && badge('info', say(what)));
    return h('li', null, line, what ? null : changed(before, value));
  });
}

/** @param {unknown} before @param {unknown} after */
function changed(before, after) {
  const found = differences(before, after);
  const short = (/** @type {string} */ text) => visible(text.length > 300 ? `${text.slice(0, 299)}…` : text);
  if (!found.length) return h('p', { class: 'muted' }, say(texts.same));
  return some(h('ul', { class: 'hostile' }), found, 12, ({ path, before, after }) => {
    const both = [before !== undefined && h('del', null, ...short(before)), ' → ', after !== undefined && h('ins', null, ...short(after))];
    return h('li', null, h('code', null, ...short(path)), ' ', both);
  });
}
