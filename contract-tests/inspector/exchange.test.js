// One exchange: why it was refused, what was signed, copies of it, and sending it again.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { RIGHTS, end, execute as command, points, startMock, visit } from './support.js';

const execute = promisify(execFile);
let mock;
before(async () => (mock = await startMock()));
after(end);

/** The number of a request that was just sent. */
async function sent(...request) {
  await mock.send(...request);
  return (await mock.steer('GET', '/exchanges?order=newest&limit=1')).exchanges[0].number;
}

const open = (number, options) => visit(`${mock.page}#/traffic/${number}`, { permissions: ['clipboard-read', 'clipboard-write'], ...options });

/** What the page copies when this button is clicked. */
async function copied(page, name) {
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByText('Copied.').first().waitFor();
  await page.getByRole('button', { name: 'Close' }).first().click();
  return page.evaluate(() => navigator.clipboard.readText());
}

for (const [locale, texts] of [
  ['en-US', { refused: 'Refused by check 10', failed: 'failed', remedy: 'end the last line with a newline', was: 'Was signed' }],
  ['zh-CN', { refused: '未通过第 10 项检查', failed: '未通过', remedy: '换行', was: '实签内容' }],
]) {
  test(`a wrong signature shows its cause, the remedy, the failed check and the lines, marked to the character (${locale})`, async () => {
    const number = await sent('PATCH', RIGHTS, points(7), { signing: (text) => text.slice(0, -1) });
    const page = await open(number, { locale });
    await page.getByRole('heading', { name: texts.refused }).waitFor();
    await page.getByRole('definition').getByText('no-final-newline').waitFor();
    await page.getByText(texts.remedy).first().waitFor();
    const failed = page.getByRole('listitem').filter({ hasText: texts.failed });
    assert.equal(await failed.filter({ hasText: '✗' }).count(), 1);
    const lines = page.getByRole('table').filter({ hasText: texts.was });
    assert.equal(await lines.locator('ins').innerText(), '\\n');
    assert.equal(await lines.locator('del').count(), 0);
    await page.assertClean();
  });
}

test('a body that was changed after signing is marked where it differs, with what cannot be seen', async () => {
  const body = points(8, 'n1');
  const number = await sent('PATCH', RIGHTS, body, { signing: (text) => text.replace(body, body.replaceAll(/[,:]/g, '$& ')) });
  const page = await open(number);
  await page.getByRole('heading', { name: 'Refused by check 10' }).waitFor();
  const lines = page.getByRole('table').filter({ hasText: 'Was signed' });
  assert.equal(await lines.locator('del').first().textContent(), ' ');
  await page.assertClean();
});

test('a refused field says which, and an answer says which key signed it and why', async () => {
  const number = await sent('PATCH', RIGHTS, '{"bonus_value":"many","out_request_no":"n2"}');
  const page = await open(number);
  await page.getByRole('heading', { name: 'Refused by check 11' }).waitFor();
  await page.getByText('bonus_value').first().waitFor();
  const good = await sent('PATCH', RIGHTS, points(9));
  await page.goto(`${mock.page}#/traffic/${good}`);
  await page.getByText('All 12 checks passed').waitFor();
  await page.getByText(/Signed with .+\. The request named no key/).waitFor();
  await page.assertClean();
});

test('a copy as curl is signed anew and runs', async () => {
  const number = await sent('PATCH', RIGHTS, points(10, 'n3'));
  const page = await open(number);
  const command = await copied(page, 'curl');
  assert.match(command, /^curl /);
  const { stdout } = await execute('sh', ['-c', `${command} -s -o /dev/null -w '%{http_code}'`]);
  assert.match(stdout, /204$/);
  await page.assertClean();
});

test('a copy as a case file passes verify', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inspector-'));
  const good = await sent('PATCH', RIGHTS, points(11));
  const bad = await sent('PATCH', RIGHTS, points(12), { signing: (text) => text.slice(0, -1) });
  const page = await open(good);
  for (const number of [good, bad]) {
    await page.goto(`${mock.page}#/traffic/${number}`);
    await page.getByRole('heading', { level: 2, name: `#${number} ` }).waitFor();
    const text = await copied(page, 'Case file');
    await writeFile(join(folder, `${JSON.parse(text).id}.json`), text);
  }
  const { code, output } = await command(['verify', '--cases', folder]);
  assert.equal(code, 0, output);
  await rm(folder, { recursive: true });
  await page.assertClean();
});

test('copies as an expectation and as a fault rule are taken, and mean this request', async () => {
  const number = await sent('PATCH', RIGHTS, points(13, 'n4'));
  const page = await open(number);
  const expectation = await copied(page, 'Expectation');
  const { matching } = await mock.steer('POST', '/verify', JSON.parse(expectation));
  assert.deepEqual(matching, [number]);
  await mock.steer('POST', '/faults', JSON.parse(await copied(page, 'Fault rule')));
  assert.equal((await mock.send('PATCH', RIGHTS, points(13, 'n5'))).status, 204);
  assert.equal((await mock.send('PATCH', RIGHTS, points(13, 'n4'))).status, 500);
  await page.assertClean();
});

test('a request is sent again as it was, and signed anew', async () => {
  const number = await sent('PATCH', RIGHTS, points(14), { signing: (text) => text.slice(0, -1) });
  const page = await open(number);
  await page.getByRole('button', { name: 'As then' }).click();
  await page.waitForURL((url) => url.hash === `#/traffic/${number + 1}`);
  await page.getByRole('heading', { name: 'Refused by check 10' }).waitFor();
  await page.getByRole('button', { name: 'Signed anew' }).click();
  await page.waitForURL((url) => url.hash === `#/traffic/${number + 2}`);
  await page.getByText('All 12 checks passed').waitFor();
  await page.assertClean();
});

test('an exchange that does not exist says so', async () => {
  const page = await open(999_999);
  await page.getByRole('alert').waitFor();
  await page.assertClean();
});
