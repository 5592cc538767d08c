// What clients said to front ends: whether the paySign was right.

import { call } from './api.js';
import { h, link, show, visible } from './dom.js';
import { language, when } from './i18n.js';
import { badge, card, drawer, keepFresh, muted } from './pieces.js';

const texts = /** @type {const} */ ({
  title: ['What front ends were told', '前端收到的结果'],
  none: ['Nothing yet. Send what your front end hands to wx.requestPayment to POST /__mock/request-payment.', '暂无记录。把前端传给 wx.requestPayment 的参数原样发送到 POST /__mock/request-payment。'],
  right: ['right', '通过'],
  wrong: ['wrong', '未通过'],
});

/** What is asked for, if not an order. @type {{ [call: string]: string }} */
const KINDS = { requestMerchantTransfer: '/transfer', openBusinessView: '/service-order' };
/** How many are shown. (own choice) */
const MOST = 20;

export function told() {
  const list = h('div');
  const draw = drawer(list);
  /** @param {import('./types').PaymentRequest} request */
  const line = ({ ok, call, at, merchant, order, errMsg, message, chinese }) =>
    h(
      'li',
      null,
      h(
        'div',
        { class: 'row' },
        ok ? badge('good', texts.right) : badge('bad', texts.wrong),
        h('strong', null, visible(call)),
        h('span', { class: 'muted' }, when(at)),
        order && merchant && link(`#/phone/${merchant}/${encodeURIComponent(order)}${KINDS[call] ?? ''}`, h('span', { class: 'mono hostile' }, visible(order))),
      ),
      h('code', { class: 'hostile' }, visible(errMsg)),
      message && h('p', { class: 'hostile' }, visible((language === 'zh' && chinese) || message)),
    );
  const { stop } = keepFresh(['payment-requests'], async () => {
    const { payment_requests: all } = await call('GET', 'payment-requests');
    draw(all, () => show(list, all.length > 0 ? h('ol', { class: 'plain lined' }, all.slice(-MOST).reverse().map(line)) : muted(texts.none)));
  });
  return { element: card(texts.title, list), stop };
}
