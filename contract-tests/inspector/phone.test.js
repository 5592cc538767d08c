// The phone: its user pays, leaves, has not enough money, confirms; codes to scan; and what front ends were told.

import assert from 'node:assert/strict';
import { createSign } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { NATIVE, both, end, order, pixelsOf, startMock, visit } from './support.js';

const { default: readCode } = createRequire(import.meta.url)('jsqr');

let mock;
before(async () => (mock = await startMock()));
after(end);

const PAYER = { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' };

/** Places an order, or whatever this path is for, and returns the answer. */
async function placed(path, body) {
  const { status, text } = await mock.send('POST', path, body);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

const stateOf = async (number) => (await mock.steer('GET', `/documents/order/${number}?merchant=1900000001`)).value.state;

const PHONE = both({
  phone: ['Phone', '手机'],
  pay: ['Pay', '支付'],
  paid: ['Paid', '支付成功'],
  cancel: ['Leave', '取消支付'],
  fail: ['Not enough money', '余额不足'],
  unpaid: ['Not paid', '未支付'],
  done: ['Done', '完成'],
});
for (const [locale, texts] of PHONE) {
  test(`the user pays an order, leaves one and has not enough money for another (${locale})`, async () => {
    const page = await visit(mock.page, { locale });
    await page.getByRole('link', { name: texts.phone, exact: true }).click();
    for (const [action, result, state] of [[texts.pay, texts.paid, 'SUCCESS'], [texts.cancel, texts.unpaid, 'NOTPAY'], [texts.fail, texts.unpaid, 'NOTPAY']]) {
      const number = `phone-${state}-${locale}-${action.length}`;
      const description = `Coffee ${number}`;
      await placed(NATIVE, order(number, { total: 1234, description }));
      await page.getByRole('link', { name: description }).getByText('¥12.34').waitFor();
      await page.getByRole('link', { name: description }).click();
      await page.getByRole('heading', { name: description }).waitFor();
      await page.getByRole('button', { name: action, exact: true }).click();
      await page.getByRole('heading', { name: result }).waitFor();
      assert.equal(await stateOf(number), state);
      await page.getByRole('link', { name: texts.done, exact: true }).click();
    }
    await page.assertClean();
  });
}

/** What a scanner reads in a picture. */
async function scanned(page, png) {
  const { data, width, height } = await pixelsOf(page, png);
  return readCode(data, width, height)?.data;
}

test('the codes of code_url and h5_url can be scanned', async () => {
  const { code_url } = await placed(NATIVE, order('to-scan', { description: 'To scan' }));
  const h5 = { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } };
  await placed('/v3/pay/transactions/h5', order('to-open', { scene_info: h5 }));
  const { h5_url } = (await mock.steer('GET', '/payments')).payments.find(({ out_trade_no }) => out_trade_no === 'to-open');
  for (const [number, url] of [['to-scan', code_url], ['to-open', h5_url]]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await visit(`${mock.page}#/phone/1900000001/${number}`, { colorScheme });
      const code = page.getByRole('img', { name: `QR code: ${url}` });
      await code.waitFor();
      assert.equal(await scanned(page, await code.screenshot()), url);
      if (url === h5_url) await page.getByText('--listen 0.0.0.0:8080').waitFor();
      await page.assertClean();
    }
  }
});

for (const [locale, texts] of both({ right: ['right', '通过'], wrong: ['wrong', '未通过'] })) {
  test(`what a front end was told of its paySign is shown (${locale})`, async () => {
    const number = `sheet-${locale}`;
    const { prepay_id } = await placed('/v3/pay/transactions/jsapi', order(number, { payer: PAYER }));
    const page = await visit(`${mock.page}#/phone`, { locale });
    const { merchant_key: key } = await mock.credentials();
    const fields = { appId: 'wxd678efh567hg6787', timeStamp: String(Math.floor(Date.now() / 1000)), nonceStr: 'n', package: `prepay_id=${prepay_id}` };
    const text = Object.values(fields).map((value) => `${value}\n`).join('');
    const reports = page.getByRole('listitem').filter({ hasText: number });
    for (const [signed, verdict] of [[text.trimEnd(), texts.wrong], [text, texts.right]]) {
      const paySign = createSign('RSA-SHA256').update(signed).sign(key, 'base64');
      await fetch(`${mock.url}/__mock/request-payment`, { method: 'POST', body: JSON.stringify({ ...fields, signType: 'RSA', paySign, action: 'cancel' }) });
      await reports.first().getByText(verdict, { exact: true }).waitFor();
    }
    assert.equal(await reports.count(), 2);
    await page.assertClean();
  });
}

test('a transfer waits for its user, who confirms it', async () => {
  const scene = [['活动名称', '新会员有礼'], ['奖励说明', '注册会员抽奖一等奖']].map(([info_type, info_content]) => ({ info_type, info_content }));
  const usual = { appid: 'wxd678efh567hg6787', transfer_scene_id: '1000', openid: PAYER.openid, transfer_scene_report_infos: scene };
  const transfer = { ...usual, out_bill_no: 'transfer001', transfer_amount: 200, transfer_remark: 'A prize' };
  await placed('/v3/fund-app/mch-transfer/transfer-bills', JSON.stringify(transfer));
  const page = await visit(`${mock.page}#/phone`);
  await page.getByRole('link', { name: 'A prize' }).click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { name: 'Confirmed' }).waitFor();
  const { value } = await mock.steer('GET', '/documents/transfer/transfer001?merchant=1900000001');
  assert.equal(value.state, 'SUCCESS');
  await page.assertClean();
});
