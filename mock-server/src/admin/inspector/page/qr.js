// A QR code, as the mock computes it.

import { attempt, call, copy } from './api.js';
import { button, h, s, show, visible } from './dom.js';
import { say } from './i18n.js';

const texts = /** @type {const} */ ({ image: ['QR code: {text}', '二维码：{text}'], copy: ['Copy', '复制'] });

/** How many modules wide the light margin is, by the standard. */
const MARGIN = 4;

/** @param {string} title @param {string} text what the code says */
export function qr(title, text) {
  const image = h('div', { class: 'qr' });
  void attempt(async () => {
    /** @type {{ size: number, rows: string[] }} */
    const { size, rows } = await call('GET', `qr?text=${encodeURIComponent(text)}`);
    const whole = size + 2 * MARGIN;
    const runs = rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map(({ index, 0: run }) => `M${index} ${y}h${run.length}v1h-${run.length}z`));
    const look = { viewBox: `-${MARGIN} -${MARGIN} ${whole} ${whole}`, role: 'img', 'aria-label': say(texts.image, { text }), 'shape-rendering': 'crispEdges' };
    show(image, s('svg', look, s('path', { d: runs.join('') })));
  });
  const label = [h('strong', null, title), h('code', { class: 'hostile' }, visible(text)), button(say(texts.copy), () => copy(text))];
  return h('figure', null, image, h('figcaption', null, label));
}
