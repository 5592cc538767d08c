// Drawings of a document's history, each with its table: its states as a diagram, a member's points as a line.

import { diagramOf, stateOf } from './diagrams.js';
import { h, link, s, visible } from './dom.js';
import { count, say, when } from './i18n.js';
import { some, table, tr } from './panes.js';
import { badge } from './text.js';

/** @import { Box, Change, Happened, Move } from './types.js' */

const texts = /** @type {const} */ ({
  diagram: ['The states, now {now}; the table says the same.', '状态图，当前为 {now}；下表内容相同。'],
  moves: ['Changes of state', '状态变化'],
  from: ['From', '从'],
  to: ['To', '到'],
  by: ['By', '原因'],
  at: ['Time', '时间'],
  begin: ['(begin)', '（创建）'],
  next: ['can happen next', '接下来可能'],
  other: ['edited, or unknown', '编辑或未知'],
  exchange: ['request {n}', '请求 {n}'],
  line: ['Points from {first} to {last}, at least {least}, at most {most}', '积分从 {first} 变为 {last}，最少 {least}，最多 {most}'],
  points: ['Points', '积分'],
  change: ['Change', '变化'],
});

/** When a change was, and its exchange. @param {Change} change */
export function moment({ at, exchange }) {
  const time = h('time', null, when(at, 'full'));
  return h('span', null, time, ...(exchange === null ? [] : [' · ', link(`#/traffic/${exchange}`, say(texts.exchange, { n: exchange }))]));
}

/** Whether a document began with its first change, as far as it says when it was created. @param {Change} change */
export function begins({ value, at }) {
  const { created, prepay } = /** @type {any} */ (value ?? {});
  return (created ?? prepay?.created ?? 0) + 1 >= at;
}

/** The shortest way from a state to another. @param {Move[]} moves @param {string} from @param {string} to @returns {Move[] | null} */
function way(moves, from, to) {
  const ways = [{ at: from, way: /** @type {Move[]} */ ([]) }];
  for (const { at, way } of ways) {
    if (at === to) return way;
    const next = moves.filter((move) => move.from === at && !ways.some((known) => known.at === move.to));
    ways.push(...next.map((move) => ({ at: move.to, way: [...way, move] })));
  }
  return null;
}

/**
 * The moves that the changes made. Where several happened at once, those in between, too.
 * @param {string} kind
 * @param {Move[]} moves
 * @param {Change[]} changes
 */
function story(kind, moves, changes) {
  /** @type {Happened[]} */
  const happened = [];
  // How a document began is not known if it was there at the start, or its first changes are no longer kept.
  let now = changes[0] && !begins(changes[0]) ? stateOf(kind, changes[0].value) ?? '' : '';
  for (const change of changes) {
    const then = stateOf(kind, change.value) ?? '';
    const steps = then && then !== now ? (change.by !== 'edit' && way(moves, now, then)) || [{ from: now, to: then, by: texts.other }] : [];
    happened.push(...steps.map((move) => ({ ...move, change })));
    now = then;
  }
  return happened;
}

const [COLUMN, ROW, WIDTH, HEIGHT, TOP] = [172, 98, 146, 40, 46];
/** The tip of an arrow. */
const TIP = { viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto', markerUnits: 'userSpaceOnUse' };

/**
 * The states of a document; `null` if it has none.
 * @param {string} kind
 * @param {unknown} value
 * @param {Change[]} changes
 */
export function states(kind, value, changes) {
  const last = value ?? changes.findLast((change) => change.value !== null)?.value;
  const now = stateOf(kind, last);
  if (now === undefined) return null;
  const { boxes, moves } = diagramOf(kind, last);
  const happened = story(kind, moves, changes);
  const next = value === null ? [] : moves.filter((move) => move.from === now);
  // States that no diagram knows stand beside it.
  const columns = Math.max(0, ...boxes.map(({ column }) => column + 1));
  const names = new Set([...happened.map(({ to }) => to), now]);
  [...names].filter((name) => !boxes.some((box) => box.name === name)).forEach((name, row) => boxes.push({ name, column: columns, row }));
  const width = Math.max(...boxes.map(({ column }) => column + 1)) * COLUMN;
  const height = Math.max(...boxes.map(({ row }) => row)) * ROW + TOP + HEIGHT + 4;
  const begin = boxes.find(({ name }) => name === (happened.find(({ from }) => !from) ?? moves[0])?.to)?.column ?? 0;
  /** @param {string} state */
  const place = (state) => boxes.find(({ name }) => name === state) ?? { name: '', column: begin, row: -1 };
  /** @param {Move} move */
  const arrow = (move) => {
    /** @param {Move} other */
    const isSame = (other) => other.from === move.from && other.to === move.to;
    const done = happened.findLast(isSame);
    const kind = done ? 'done' : next.some(isSame) ? 'next' : '';
    const hasBack = moves.some(({ from, to }) => from === move.to && to === move.from);
    const lines = kind ? [say(move.by), ...(done ? [when(done.change.at)] : [])] : [];
    return move.from || done ? drawn(place(move.from), place(move.to), hasBack, kind, lines) : [];
  };
  const others = happened.filter(({ by }) => by === texts.other);
  const arrows = [...moves, ...others].map(arrow);
  const svg = s(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, class: 'diagram', role: 'img', 'aria-label': say(texts.diagram, { now }) },
    ['', 'done', 'next'].map((kind) => s('marker', { ...TIP, id: `tip${kind}` }, s('path', { d: 'M0 0 8 4 0 8z', class: kind }))),
    arrows.map(([line]) => line),
    happened.some(({ from }) => !from) && s('circle', { cx: (begin + 0.5) * COLUMN, cy: 6, r: 5 }),
    boxes.map(({ name, column, row }) => {
      const [x, y] = [(column + 0.5) * COLUMN, row * ROW + TOP];
      const lines = name.split('/', 2).map((line) => (line.length > 20 ? `${line.slice(0, 19)}…` : line));
      const kind = name === now ? 'now' : names.has(name) ? 'been' : next.some(({ to }) => to === name) ? 'next' : '';
      const rect = s('rect', { x: x - WIDTH / 2, y, width: WIDTH, height: HEIGHT, rx: 8 });
      return s('g', { class: `box ${kind}` }, rect, label(x, y + HEIGHT / 2, lines));
    }),
    arrows.map(([, words]) => words),
  );
  return h('div', { class: 'stack' }, h('div', { class: 'scrolls', tabindex: '0' }, svg), told(happened, next));
}

/** Lines of text around a point. @param {number} x @param {number} y @param {string[]} lines */
function label(x, y, lines) {
  return lines.map((line, at) => s('text', { x, y: y + 4 + (at - (lines.length - 1) / 2) * 13 }, line));
}

/** An arrow between two boxes. @param {Box} a @param {Box} b @param {boolean} hasBack @param {string} kind @param {string[]} lines */
function drawn(a, b, hasBack, kind, lines) {
  const isDown = b.row > a.row;
  const side = Math.sign(b.column - a.column);
  // Arrows to several boxes begin apart, and so do those that lead there and back.
  const aside = hasBack ? (isDown ? -28 : 28) : 0;
  const [x, z] = [(a.column + 0.5) * COLUMN + aside + side * 24, (b.column + 0.5) * COLUMN + aside - side * 24];
  const y = a.row < 0 ? 6 : a.row * ROW + TOP + (isDown ? HEIGHT : 0);
  const end = b.row * ROW + TOP + (isDown ? -1 : HEIGHT + 1);
  const bend = (y + end) / 2;
  let d = `M${x} ${y}C${x} ${bend} ${z} ${bend} ${z} ${end}`;
  let [at, height] = [x + (z - x) * 0.77 + Math.sign(aside) * 6, bend + side * side * 7];
  if (a.row === b.row) {
    const [left, right] = [x + side * (WIDTH / 2 - 24), z - side * (WIDTH / 2 - 23)];
    d = `M${left} ${y + HEIGHT / 2}H${right}`;
    [at, height] = [(left + right) / 2, y + (Math.abs(z - x) > COLUMN ? HEIGHT / 2 : -10)];
  }
  const line = s('path', { d, class: kind, 'marker-end': `url(#tip${kind})` });
  return [line, s('g', { class: `words ${kind} ${hasBack ? (isDown ? 'before' : 'after') : ''}` }, label(at, height, lines))];
}

/** The same in words. @param {Happened[]} happened @param {Move[]} next */
function told(happened, next) {
  const state = (/** @type {string} */ name) => h('code', null, name ? visible(name) : say(texts.begin));
  const row = (/** @type {Move} */ { from, to, by }, /** @type {Node} */ at) => tr(state(from), state(to), say(by), at);
  const body = some(h('tbody'), happened, 50, (move) => row(move, moment(move.change)));
  body.append(...next.map((move) => row(move, badge('info', say(texts.next)))));
  return body.rows.length ? table([texts.from, texts.to, texts.by, texts.at], body, texts.moves) : null;
}

/** A member's points; `null` if they never changed. @param {Change[]} changes */
export function points(changes) {
  const all = changes.map((change) => {
    const found = /** @type {any} */ (change.value)?.card?.bonus_value;
    return { change, number: Number(found?.rawJSON ?? found) };
  });
  const known = all.filter(({ number }) => Number.isFinite(number));
  const moved = known.filter(({ number }, at) => number !== known[at - 1]?.number);
  const kept = moved.map((one, at) => ({ ...one, at: one.change.at, by: one.number - (moved[at - 1]?.number ?? one.number) }));
  const [first, last] = [kept[0], kept.at(-1)];
  if (!first || !last || kept.length < 2) return null;
  const least = kept.reduce((low, { number }) => Math.min(low, number), first.number);
  const most = kept.reduce((high, { number }) => Math.max(high, number), first.number);
  const [width, left, top, bottom] = [640, 76, 30, 180];
  // By time; but what is of the same second stands side by side, also if the clock was moved back.
  const step = Math.max(1, (last.at - first.at) / (3 * kept.length));
  let sum = 0;
  const sums = kept.map(({ at }, nth) => (sum += nth ? Math.max(step, at - (kept[nth - 1]?.at ?? at)) : 0));
  const x = (/** @type {number} */ nth) => Math.round(left + 8 + ((sums[nth] ?? 0) / sum) * (width - left - 60));
  const y = (/** @type {number} */ number) => Math.round(bottom - 8 - ((number - least) / (most - least)) * (bottom - top - 8));
  const isLong = Math.abs(last.at - first.at) >= 86_400;
  const time = (/** @type {number} */ nth) => (isLong ? when(kept[nth]?.at ?? 0, 'full').split(/[ ,]/)[0] : when(kept[nth]?.at ?? 0)) ?? '';
  const ticks = [...new Set([0, 1, 2, 3].map((part) => Math.round((part * (kept.length - 1)) / 3)))];
  const summary = say(texts.line, { first: count(first.number), last: count(last.number), least: count(least), most: count(most) });
  const svg = s(
    'svg',
    { viewBox: `0 0 ${width} 220`, class: 'chart', role: 'img', 'aria-label': summary },
    s('text', { x: left - 8, y: 14, class: 'y' }, say(texts.points)),
    s('text', { x: width, y: 216, class: 'y' }, say(texts.at)),
    [least, (least + most) / 2, most].flatMap((number) => [
      s('path', { class: 'grid', d: `M${left} ${y(number)}H${width}` }),
      s('text', { x: left - 8, y: y(number) + 4, class: 'y' }, count(Math.round(number))),
    ]),
    s('path', { d: `M${left} ${top - 8}V${bottom}H${width}${ticks.map((nth) => `M${x(nth)} ${bottom}v5`).join('')}` }),
    ticks.map((nth) => s('text', { x: x(nth), y: bottom + 20, class: 'x' }, time(nth))),
    s('path', { class: 'line', d: kept.map(({ number }, nth) => (nth ? `H${x(nth)}V${y(number)}` : `M${x(0)} ${y(number)}`)).join('') }),
    kept.length > 100 ? [] : kept.map(({ number }, nth) => s('circle', { cx: x(nth), cy: y(number), r: 4 })),
  );
  const sign = (/** @type {number} */ by) => `${by > 0 ? '+' : ''}${by ? count(by) : ''}`;
  const body = some(h('tbody'), kept.reverse(), 5, ({ change, number, by }) => tr(moment(change), count(number), sign(by)));
  return h('div', { class: 'stack' }, svg, table([texts.at, texts.points, texts.change], body, texts.points));
}
