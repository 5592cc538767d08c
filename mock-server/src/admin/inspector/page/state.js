// What the mock remembers: the kinds of documents of a merchant, the documents of a kind, and one of them.

import { attempt, call, textOf } from './api.js';
import { KINDS, stateOf } from './diagrams.js';
import { address, nameOf, openDocument } from './document.js';
import { button, h, show, visible } from './dom.js';
import { count, say } from './i18n.js';
import { browse, paced, redraw, table } from './panes.js';
import { news, words } from './pieces.js';
import { badge } from './text.js';
import { exact } from './values.js';

/** @import { Document, List } from './types.js' */
/** @typedef {Pick<Document, 'key' | 'version' | 'value'>} Line */

const texts = /** @type {const} */ ({
  title: ['State', '数据'],
  kinds: ['Kinds of documents', '数据类型'],
  others: ['Other kinds ({n})', '其他类型（{n}）'],
  nothing: ['The mock has no data of this merchant yet. Send it a request.', '模拟网关还没有这个商户的数据，先发一个请求吧。'],
  filter: ['Filter by key or text', '按键或内容筛选'],
  found: ['{n} shown, {seen} searched', '显示 {n} 条，已搜索 {seen} 条'],
  more: ['Search on', '继续查找'],
  none: ['No documents.', '没有数据。'],
  key: ['Key', '键'],
  state: ['State', '状态'],
  version: ['Version', '版本'],
});

/** How many documents are shown at first, how many one call asks for, and the most calls for these. */
const [SHOWN, PAGE, CALLS] = [50, 100, 20];

/** @type {import('./app.js').View} */
export function state(root, [merchant = '', kind = '', key = '']) {
  return browse(root, ['state', merchant, kind], key, () => documents(merchant, kind), () => openDocument(merchant, kind, key));
}

/** @param {string} merchant @param {string} kind @returns {List} */
function documents(merchant, kind) {
  const whose = h('select', { id: 'merchant', onchange: () => (location.hash = address(whose.value)) });
  const kinds = h('nav', { class: 'kinds', 'aria-label': say(texts.kinds) });
  const filter = h('input', { type: 'search', id: 'filter', oninput: () => again() });
  const [rows, tally] = [h('tbody'), h('span', { class: 'muted', role: 'status' })];
  const more = button(say(texts.more), () => attempt(() => ((wanted += SHOWN), load())));
  const list = h(
    'section',
    { class: 'card stack', hidden: !kind },
    h('h2', { class: 'hostile' }, ...visible(nameOf(kind))),
    h('p', { class: 'row' }, h('label', { for: 'filter' }, say(texts.filter)), filter, tally),
    table([texts.key, texts.state, texts.version], rows),
    more,
  );
  const head = h('div', { class: 'row' }, h('h1', null, say(texts.title)), h('label', { for: 'merchant' }, say(words.merchant)), whose);
  const query = `documents?merchant=${encodeURIComponent(merchant)}`;
  const isNew = news();
  let [wanted, round, drawn] = [SHOWN, 0, ''];
  const again = paced(() => attempt(() => ((wanted = SHOWN), load())), 300);

  async function load() {
    const mine = ++round;
    /** @type {{ merchants: { mchid: string }[] }} */
    const { merchants } = await call('GET', 'merchants');
    const all = merchants.map(({ mchid }) => mchid);
    if (!merchant && all[0]) return location.replace(address(all[0]));
    const choices = [...new Set([...all, merchant])];
    if (isNew(choices)) show(whose, choices.map((mchid) => h('option', null, mchid)));
    whose.value = merchant;
    drawKinds((await call('GET', query)).kinds);
    if (kind) await search(() => mine === round);
  }

  /** @param {{ kind: string, count: number }[]} found */
  function drawKinds(found) {
    const chips = found.map((one) => {
      const to = { href: address(merchant, one.kind), 'aria-current': one.kind === kind && 'true' };
      return h('a', to, ...visible(nameOf(one.kind)), ' ', badge('', count(one.count)));
    });
    const at = (/** @type {string} */ kind) => found.findIndex((one) => one.kind === kind);
    const known = Object.keys(KINDS).map(at).filter((at) => at >= 0);
    const first = found[known[0] ?? 0];
    if (!kind && first) return location.replace(address(merchant, first.kind));
    const others = found.flatMap((one, at) => (one.kind in KINDS ? [] : [chips[at] ?? null]));
    const open = kinds.querySelector('details')?.open ?? !(kind in KINDS);
    const rest = h('details', { open }, h('summary', null, say(texts.others, { n: others.length })), h('div', { class: 'kinds' }, others));
    const nothing = found.length === 0 && h('p', { class: 'empty' }, say(texts.nothing));
    redraw(kinds, ...known.map((at) => chips[at]), others.length > 0 && rest, nothing);
  }

  /** Reads on until enough documents match. @param {() => boolean} isMine */
  async function search(isMine) {
    const text = filter.value.trim().toLowerCase();
    /** @type {Line[]} */
    const found = [];
    let [after, seen, hasMore] = ['', 0, true];
    for (let calls = 0; hasMore && found.length < wanted && calls < (CALLS * wanted) / SHOWN; calls++) {
      const limit = text ? PAGE : Math.min(PAGE, wanted - found.length);
      /** @type {{ documents: Line[], has_more: boolean, last: number }} */
      const page = exact(await textOf('GET', `${query}&kind=${encodeURIComponent(kind)}&limit=${limit}${after}`));
      if (!isMine()) return;
      [after, seen, hasMore] = [`&after=${page.last}`, seen + page.documents.length, page.has_more];
      found.push(...page.documents.filter(({ key, value }) => !text || `${key}\n${JSON.stringify(value)}`.toLowerCase().includes(text)));
    }
    more.hidden = !hasMore;
    tally.textContent = say(texts.found, { n: count(found.length), seen: count(seen) });
    const now = JSON.stringify(found.map(({ key, version }) => [key, version]));
    const none = h('tr', null, h('td', { colspan: 3, class: 'empty' }, say(texts.none)));
    if (now !== drawn) redraw(rows, ...(found.length ? found.map(row) : [none]));
    drawn = now;
  }

  /** @param {Line} line */
  function row({ key, version, value }) {
    const to = h('a', { href: address(merchant, kind, key), class: 'hostile mono' }, ...visible(key));
    const cells = [[to], visible(stateOf(kind, value) ?? ''), [count(version ?? 0)]];
    return h('tr', { 'data-key': key }, cells.map((cell) => h('td', null, cell)));
  }

  return {
    head: [head, kinds],
    list,
    rows,
    load,
    hear(event, data) {
      const isOwn = (/** @type {{ merchant: string }} */ one) => one.merchant === merchant;
      return event === 'changes' ? data.skipped > 0 || data.changes.some(isOwn) : event !== 'attempts';
    },
  };
}
