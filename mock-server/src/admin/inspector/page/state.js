// What the mock remembers: the kinds of documents of a merchant, the documents of a kind, and one of them.

import { call, textOf } from './api.js';
import { KINDS, stateOf } from './diagrams.js';
import { address, document_, nameOf } from './document.js';
import { button, h, link, show, visible } from './dom.js';
import { on } from './events.js';
import { count, language, say } from './i18n.js';
import { exact, paced, redraw } from './values.js';

/** @typedef {{ key: string, version: number, value: unknown }} Line */

const texts = /** @type {const} */ ({
  title: ['State', '数据'],
  merchant: ['Merchant', '商户号'],
  kinds: ['Kinds of documents', '数据类型'],
  internal: ['Other kinds ({n})', '其他类型（{n}）'],
  choose: ['Choose a kind of documents.', '请选择数据类型。'],
  nothing: ['The mock remembers nothing of this merchant yet. Send it a request.', '模拟网关还没有保存该商户的任何数据，先发一个请求吧。'],
  filter: ['Filter by key or text', '按键或内容筛选'],
  found: ['{n} shown of {seen} searched', '已搜索 {seen} 条，显示 {n} 条'],
  more: ['Search on', '继续查找'],
  none: ['No documents.', '没有数据。'],
  key: ['Key', '键'],
  state: ['State', '状态'],
  version: ['Version', '版本'],
});

/** How many documents are shown at first, how many are asked for at once, and in how many calls. */
const [SHOWN, PAGE, CALLS] = [50, 100, 20];

/** What was shown last: shown again at once if only another document is chosen. @type {ReturnType<typeof page> | null} */
let last = null;

/** @type {import('./app.js').View} */
export function state(root, [merchant = '', kind = '', key = '']) {
  const id = JSON.stringify([language, merchant, kind]);
  const isNew = last?.id !== id;
  const shown = last?.id === id ? last : (last = page(id, merchant, kind));
  root.append(shown.element);
  const chosen = key ? document_(merchant, kind, key) : null;
  shown.choose(key, chosen?.element ?? null);
  if (!isNew) chosen?.focus();
  const refresh = paced(() => (shown.load(), chosen?.load()));
  refresh();
  const ends = [
    on('changes', ({ changes, skipped }) => {
      if (skipped || changes.some((/** @type {{ merchant: string }} */ change) => change.merchant === merchant)) refresh();
    }),
    on('cleared', refresh),
    on('restarted', refresh),
    refresh.end,
  ];
  return () => ends.forEach((end) => end());
}

/** @param {string} id @param {string} merchant @param {string} kind */
function page(id, merchant, kind) {
  const whose = h('select', { id: 'merchant', onchange: () => (location.hash = address(whose.value)) });
  const [kinds, failure] = [h('nav', { class: 'kinds', 'aria-label': say(texts.kinds) }), h('p', { class: 'bad', role: 'alert' })];
  const list = kind ? documents(merchant, kind) : null;
  const one = h('div');
  const panes = h('div', { class: 'panes' }, list?.element ?? h('p', { class: 'empty' }, say(texts.choose)), one);
  const head = h('div', { class: 'row' }, h('h1', null, say(texts.title)), h('label', { for: 'merchant' }, say(texts.merchant)), whose);
  const element = h('div', { class: 'stack state' }, head, failure, kinds, panes);

  async function load() {
    try {
      /** @type {{ mchid: string }[]} */
      const merchants = (await call('GET', 'merchants')).merchants;
      const first = merchants[0]?.mchid;
      if (!merchant && first) return location.replace(address(first));
      const all = merchants.map(({ mchid }) => mchid);
      if (!all.includes(merchant)) all.unshift(merchant);
      if (all.join() !== [...whose.options].map(({ value }) => value).join()) show(whose, all.map((mchid) => h('option', null, mchid)));
      whose.value = merchant;
      drawKinds((await call('GET', `documents?merchant=${encodeURIComponent(merchant)}`)).kinds);
      await list?.load();
      failure.textContent = '';
    } catch (error) {
      failure.textContent = String(/** @type {Error} */ (error).message);
    }
  }

  /** @param {{ kind: string, count: number }[]} found */
  function drawKinds(found) {
    const order = Object.keys(KINDS);
    /** @param {{ kind: string, count: number }} one */
    const chip = (one) => {
      const chip = link(address(merchant, one.kind), ...visible(nameOf(one.kind)), ' ', h('span', { class: 'badge' }, count(one.count)));
      if (one.kind === kind) chip.setAttribute('aria-current', 'true');
      return chip;
    };
    const known = found.filter((one) => one.kind in KINDS).sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
    const other = found.filter((one) => !(one.kind in KINDS));
    const isOpen = kinds.querySelector('details')?.open ?? other.some((one) => one.kind === kind);
    const rest = h('details', { open: isOpen || !known.length }, h('summary', null, say(texts.internal, { n: other.length })), h('div', { class: 'kinds' }, other.map(chip)));
    redraw(kinds, ...known.map(chip), other.length > 0 && rest, !found.length && h('p', { class: 'empty' }, say(texts.nothing)));
  }

  /** @param {string} key @param {HTMLElement | null} chosen */
  function choose(key, chosen) {
    show(one, chosen);
    panes.classList.toggle('chosen', chosen !== null);
    list?.mark(key);
  }
  return { id, element, load, choose };
}

/**
 * The documents of a kind.
 * @param {string} merchant
 * @param {string} kind
 */
function documents(merchant, kind) {
  const filter = h('input', { type: 'search', id: 'filter', oninput: () => again() });
  const rows = h('tbody');
  const tally = h('span', { class: 'muted', role: 'status' });
  const more = button(say(texts.more), () => ((wanted += SHOWN), load()), { hidden: true });
  const heads = [texts.key, texts.state, texts.version].map((text) => h('th', { scope: 'col' }, say(text)));
  const table = h('table', { 'aria-labelledby': 'kind' }, h('thead', null, h('tr', null, heads)), rows);
  const element = h(
    'section',
    { class: 'card stack' },
    h('h2', { id: 'kind', class: 'hostile' }, ...visible(nameOf(kind))),
    h('p', { class: 'row' }, h('label', { for: 'filter' }, say(texts.filter)), filter, tally),
    table,
    more,
  );
  let wanted = SHOWN;
  let chosen = '';
  let round = 0;
  let drawn = '';
  const again = paced(() => ((wanted = SHOWN), load()), 300);

  /** Reads on until enough documents match. */
  async function load() {
    const mine = ++round;
    const text = filter.value.trim().toLowerCase();
    /** @type {Line[]} */
    const found = [];
    let [after, seen, calls] = ['', 0, 0];
    let has_more = true;
    const pages = Math.ceil((CALLS * wanted) / SHOWN);
    while (has_more && found.length < wanted && calls++ < pages) {
      const limit = text ? PAGE : Math.min(PAGE, wanted - found.length);
      const from = after === '' ? '' : `&after=${after}`;
      const path = `documents?merchant=${encodeURIComponent(merchant)}&kind=${encodeURIComponent(kind)}&limit=${limit}${from}`;
      /** @type {{ documents: Line[], has_more: boolean, last: number }} */
      const answer = exact(await textOf('GET', path));
      if (mine !== round) return;
      ({ has_more } = answer);
      after = String(answer.last);
      seen += answer.documents.length;
      found.push(...answer.documents.filter(({ key, value }) => !text || `${key}\n${JSON.stringify(value)}`.toLowerCase().includes(text)));
    }
    more.hidden = !has_more && found.length <= wanted;
    tally.textContent = say(texts.found, { n: count(found.length), seen: count(seen) });
    const now = JSON.stringify(found);
    if (now !== drawn || !found.length) draw(found);
    drawn = now;
  }

  /** @param {Line[]} found */
  function draw(found) {
    const empty = h('tr', null, h('td', { colspan: 3, class: 'empty' }, say(texts.none)));
    const lines = found.map(({ key, version, value }) =>
      h(
        'tr',
        { 'data-key': key },
        h('td', null, h('a', { href: address(merchant, kind, key), class: 'hostile mono' }, ...visible(key))),
        h('td', { class: 'hostile' }, ...visible(stateOf(kind, value) ?? '')),
        h('td', null, count(version)),
      ),
    );
    redraw(rows, ...(found.length ? lines : [empty]));
    mark(chosen);
  }

  /** @param {string} key */
  function mark(key) {
    chosen = key;
    for (const row of rows.rows) {
      const link = row.querySelector('a');
      row.classList.toggle('chosen', row.dataset.key === key && key !== '');
      if (row.dataset.key === key && key) link?.setAttribute('aria-current', 'true');
      else link?.removeAttribute('aria-current');
    }
  }
  return { element, load, mark };
}
