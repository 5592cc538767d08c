// Every view in both languages, both themes, wide and narrow: nothing serious for a reader who can't see or can't use a mouse.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { NATIVE, RIGHTS, end, order, points, startMock, startReceiver, visit } from './support.js';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let mock;
let views;
before(async () => {
  mock = await startMock();
  const { url } = await startReceiver({ status: 500, body: '{}' });
  for (const bonus of [3, 4]) await mock.send('PATCH', RIGHTS, points(bonus));
  await mock.send('PATCH', RIGHTS, points(5), { signing: (text) => text.slice(0, -1) });
  const refused = (await mock.steer('GET', '/exchanges?order=newest&limit=1')).exchanges[0].number;
  for (const number of ['waiting', 'waiting-too']) await mock.send('POST', NATIVE, order(number));
  await mock.steer('POST', '/faults', { fault: 'system-error', times: 2 });
  await mock.steer('POST', '/verify', { operation: 'set_rights', authenticated: true });
  await fetch(`${mock.url}/__mock/request-payment`, { method: 'POST', body: '{}' });
  const { number } = await mock.steer('POST', '/callbacks', { event_type: 'TRANSACTION.SUCCESS', to: url });
  const [member] = (await mock.steer('GET', '/documents?merchant=1900000001&kind=member_card')).documents;
  // Each with a text that is there once it is complete.
  views = [
    ['traffic', 'no-final-newline'],
    [`traffic/${refused}`, '✗'],
    ['state/1900000001/order', 'waiting-too'],
    ['state/1900000001/order/waiting', 'NOTPAY'],
    [`state/1900000001/member_card/${encodeURIComponent(member.key)}`, 'EFFECTIVE'],
    ['callbacks', 'TRANSACTION.SUCCESS'],
    [`callbacks/${number}`, 'Wechatpay-Signature'],
    ['phone', 'Coffee'],
    ['phone/1900000001/waiting', 'weixin://'],
    ['controls', '1900000001'],
  ];
});
after(end);

for (const locale of ['en-US', 'zh-CN']) {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 390]) {
      test(`nothing serious in any view (${locale}, ${colorScheme}, ${width} pixels)`, async () => {
        const page = await visit(mock.page, { locale, colorScheme, width });
        await page.evaluate(AXE);
        for (const [view, text] of views) {
          await page.evaluate((view) => void (location.hash = `#/${view}`), view);
          await page.getByText(text).filter({ visible: true }).first().waitFor();
          const { found, wide } = await page.evaluate(async () => {
            const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
            const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
            const found = serious.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`));
            return { found, wide: document.scrollingElement.scrollWidth - innerWidth };
          });
          assert.deepEqual(found, [], view);
          assert.ok(wide <= 0, `${view}: expected a page as wide as the window, found ${wide} pixels more`);
        }
        await page.assertClean();
      });
    }
  }
}
