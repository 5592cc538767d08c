// Pictures of every view, with a story of a shop in them: `run screenshots.js FOLDER` for all to look at; without a folder, those of the documents.

import { createSign } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { NATIVE, RIGHTS, end, order, pixelsOf, points, startMock, startReceiver, visit } from './support.js';

const [, , folder] = process.argv;
const PAYER = { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' };
const [LATTE, BEANS, BREW] = ['拿铁咖啡 大杯', '云南小粒咖啡豆 454 克', '手冲咖啡 中杯'];

const { url } = await startReceiver({ status: 500, body: '{"code":"FAIL","message":"数据库连接超时"}' }, { status: 204 });
const mock = await startMock('--notify-map', `https://shop.example.com=${url}`);

/** Sends it, and returns the answer, if it has one. */
async function send(method, path, body, options) {
  const { text } = await mock.send(method, path, body && typeof body !== 'string' ? JSON.stringify(body) : body, options);
  return text ? JSON.parse(text) : null;
}
const pay = (out_trade_no, action = 'pay') => mock.steer('POST', '/payments', { out_trade_no, action });
const until = async (condition) => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 100));
};

for (const bonus of [20, 80, 65, 110]) await send('PATCH', RIGHTS, points(bonus));
await send('POST', NATIVE, order('CAFE20261128001', { total: 2900, description: LATTE }));
await pay('CAFE20261128001');
await send('GET', '/v3/pay/transactions/out-trade-no/CAFE20261128001?mchid=1900000001');
await send('POST', NATIVE, order('CAFE20261128002', { total: 12800, description: BEANS }));
await pay('CAFE20261128002', 'fail');
await pay('CAFE20261128002');
const refund = { refund: 2900, total: 12800, currency: 'CNY' };
await send('POST', '/v3/refund/domestic/refunds', { out_trade_no: 'CAFE20261128002', out_refund_no: 'BACK20261128001', reason: '少发一件', amount: refund });
await send('POST', NATIVE, order('CAFE20261128003', { total: 3200, description: BREW }));
await send('POST', '/v3/pay/transactions/h5', order('CAFE20261128004', { total: 2900, description: LATTE, scene_info: { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } } }));
const { prepay_id } = await send('POST', '/v3/pay/transactions/jsapi', order('CAFE20261128005', { total: 6600, description: BEANS, payer: PAYER }));
await send('POST', NATIVE, order('CAFE20261128006', { total: -1 }));
await mock.steer('POST', '/faults', { fault: 'system-error', times: 1, match: { operation: 'set_rights' } });
await send('PATCH', RIGHTS, points(125));
await send('PATCH', RIGHTS, points(125), { signing: (text) => text.slice(0, -1) });
const { exchanges: [{ number: refused }] } = await mock.steer('GET', '/exchanges?order=newest&limit=1');
const reports = [['活动名称', '新会员有礼'], ['奖励说明', '注册会员抽奖一等奖']].map(([info_type, info_content]) => ({ info_type, info_content }));
const transfer = { appid: 'wxd678efh567hg6787', out_bill_no: 'GIFT20261128001', transfer_scene_id: '1000', openid: PAYER.openid, transfer_amount: 200 };
await send('POST', '/v3/fund-app/mch-transfer/transfer-bills', { ...transfer, transfer_remark: '新会员红包', transfer_scene_report_infos: reports });
await send('PATCH', RIGHTS, points(130));
await mock.steer('POST', '/verify', { operation: 'set_rights', status: 204, times: 5 });
await fetch(`${mock.url}/__mock/verify`, { method: 'POST', body: JSON.stringify({ operation: 'set_rights', status: 204, times: 1 }) });
const { merchant_key: key } = await mock.credentials();
const fields = { appId: 'wxd678efh567hg6787', timeStamp: String(Math.floor(Date.now() / 1000)), nonceStr: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS', package: `prepay_id=${prepay_id}` };
const lines = Object.values(fields).map((value) => `${value}\n`).join('');
for (const [text, action] of [[lines.trimEnd(), 'pay'], [lines, 'cancel']]) {
  const paySign = createSign('RSA-SHA256').update(text).sign(key, 'base64');
  await fetch(`${mock.url}/__mock/request-payment`, { method: 'POST', body: JSON.stringify({ ...fields, signType: 'RSA', paySign, action }) });
}
await until(async () => (await mock.steer('GET', '/callbacks')).callbacks.filter(({ attempts }) => attempts.length > 0).length >= 2);
const [{ number: callback }] = (await mock.steer('GET', '/callbacks')).callbacks;
const [member] = (await mock.steer('GET', '/documents?merchant=1900000001&kind=member_card')).documents;

/** By name: the address and a text that is there once the view is complete. */
const VIEWS = {
  traffic: ['traffic', 'no-final-newline'],
  exchange: [`traffic/${refused}`, '✗'],
  state: ['state/1900000001/order', 'CAFE20261128005'],
  order: ['state/1900000001/order/CAFE20261128002', 'REFUND'],
  member: [`state/1900000001/member_card/${encodeURIComponent(member.key)}`, 'EFFECTIVE'],
  callbacks: ['callbacks', 'TRANSACTION.SUCCESS'],
  callback: [`callbacks/${callback}`, 'Wechatpay-Signature'],
  phone: ['phone', BREW],
  order_on_the_phone: ['phone/1900000001/CAFE20261128003', 'weixin://'],
  controls: ['controls', '1900000001'],
};
const LOCALES = { en: 'en-US', zh: 'zh-CN' };

async function take({ path, view, language, theme, width = 1280, height = 800, top }) {
  const [address, text] = VIEWS[view];
  const page = await visit(`${mock.page}#/${address}`, { locale: LOCALES[language], colorScheme: theme, width, height });
  await page.getByText(text).filter({ visible: true }).first().waitFor();
  await page.waitForFunction(() => !document.querySelector('.qr:empty') && document.querySelector('.standing')?.dataset.standing === 'live');
  if (top) await page.locator(top).evaluate((element) => scrollTo(0, element.getBoundingClientRect().top - 54));
  const png = await page.screenshot({ animations: 'disabled' });
  await writeFile(path, folder ? png : smaller(await pixelsOf(page, png)));
  await page.assertClean();
}

/** A PNG with the 256 colours that are used most; every other becomes the nearest of these. @param {Awaited<ReturnType<typeof pixelsOf>>} picture */
function smaller({ width, height, data }) {
  const counts = new Map();
  const colours = new Uint32Array(width * height);
  for (let at = 0; at < colours.length; at += 1) {
    const colour = (data[4 * at] << 16) | (data[4 * at + 1] << 8) | data[4 * at + 2];
    colours[at] = colour;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [...counts].sort(([, one], [, other]) => other - one).slice(0, 256).map(([colour]) => colour);
  const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];
  const distance = (one, other) => parts(one).reduce((sum, part, at) => sum + (part - parts(other)[at]) ** 2, 0);
  const nearest = (colour) => palette.reduce((best, one, at) => (distance(one, colour) < distance(palette[best], colour) ? at : best), 0);
  const places = new Map([...counts.keys()].map((colour) => [colour, nearest(colour)]));
  const lines = Buffer.alloc(height * (width + 1));
  colours.forEach((colour, at) => (lines[Math.floor(at / width) * (width + 1) + 1 + (at % width)] = places.get(colour)));
  const chunk = (name, content) => {
    const named = Buffer.concat([Buffer.from(name), content]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // Eight bits, each the place of a colour in the palette.
  head.set([8, 3], 8);
  const content = [chunk('IHDR', head), chunk('PLTE', Buffer.from(palette.flatMap(parts))), chunk('IDAT', deflateSync(lines, { level: 9 })), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...content]);
}

if (folder) {
  await mkdir(folder, { recursive: true });
  for (const view of Object.keys(VIEWS)) {
    for (const language of Object.keys(LOCALES)) {
      for (const theme of ['light', 'dark']) {
        for (const [width, height] of [[1280, 800], [390, 844]]) {
          await take({ path: join(folder, `${view}-${language}-${theme}-${width}.png`), view, language, theme, width, height });
        }
      }
    }
  }
} else {
  const images = new URL('../../docs/images/', import.meta.url).pathname;
  await mkdir(images, { recursive: true });
  for (const [name, what] of Object.entries({
    'exchange-en': { view: 'exchange', language: 'en', theme: 'light', height: 1000, top: '.refusal' },
    'exchange-zh': { view: 'exchange', language: 'zh', theme: 'light', height: 1000, top: '.refusal' },
    'phone-zh': { view: 'order_on_the_phone', language: 'zh', theme: 'light' },
    'traffic-en': { view: 'traffic', language: 'en', theme: 'dark' },
    'traffic-zh': { view: 'traffic', language: 'zh', theme: 'dark' },
  })) {
    await take({ path: join(images, `${name}.png`), ...what });
  }
}
await end();
