// What clients said to front ends: whether the paySign was right.

import { call } from './api.js';
import { h, link, visible } from './dom.js';
import { language, when } from './i18n.js';
import { redraw } from './panes.js';
import { badge, card, keepFresh, muted, news } from './pieces.js';

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

/** @param {PaymentRequest} request */
function line({ ok, call, at, merchant, order, errMsg, message, chinese }) {
  const to = order && merchant && link(`#/phone/${merchant}/${encodeURIComponent(order)}${KINDS[call] ?? ''}`, ...visible(order));
  // A user who leaves, or can't pay, says nothing against the paySign.
  const head = [ok || message === null ? badge('good', texts.right) : badge('bad', texts.wrong), h('strong', null, call), h('span', { class: 'muted' }, when(at)), to];
  const why = message && h('p', { class: 'hostile' }, visible((language === 'zh' && chinese) || message));
  return h('li', null, h('div', { class: 'row hostile' }, head), h('code', { class: 'hostile' }, visible(errMsg)), why);
}

/** @returns {Control} */
export function told() {
  const list = h('div');
  const isNew = news();
  const { stop } = keepFresh(['payment-requests'], async () => {
    /** @type {{ payment_requests: PaymentRequest[] }} */
    const { payment_requests: all } = await call('GET', 'payment-requests');
    if (isNew(all)) redraw(list, all.length > 0 ? h('ol', { class: 'plain lined' }, all.slice(-MOST).reverse().map(line)) : muted(texts.none));
  });
  return { element: card(texts.title, [list]), stop };
}
