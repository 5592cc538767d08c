// A QR code, as the mock computes it.

import { attempt, call, copy } from './api.js';
import { button, h, s, show, visible } from './dom.js';
import { say } from './i18n.js';

const texts = /** @type {const} */ ({
  image: ['QR code: {text}', '二维码：{text}'],
  copy: ['Copy', '复制'],
});

/** How many modules the light margin has; the standard wants four. */
const MARGIN = 4;

/**
 * @param {string} title
 * @param {string} text what it says
 */
export function qr(title, text) {
  const image = h('div', { class: 'qr' });
  void attempt(async () => {
    /** @type {{ size: number, rows: string[] }} */
    const { size, rows } = await call('GET', `qr?text=${encodeURIComponent(text)}`);
    const whole = size + 2 * MARGIN;
    const dark = rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map((run) => `M${run.index} ${y}h${run[0].length}v1h-${run[0].length}z`));
    const view = `${-MARGIN} ${-MARGIN} ${whole} ${whole}`;
    show(
      image,
      s(
        'svg',
        { viewBox: view, role: 'img', 'aria-label': say(texts.image, { text }), 'shape-rendering': 'crispEdges' },
        s('rect', { x: -MARGIN, y: -MARGIN, width: whole, height: whole, fill: '#fff' }),
        s('path', { d: dark.join(''), fill: '#000' }),
      ),
    );
  });
  return h(
    'figure',
    null,
    image,
    h('figcaption', null, h('strong', null, title), h('code', { class: 'hostile' }, visible(text)), button(say(texts.copy), () => copy(text))),
  );
}
