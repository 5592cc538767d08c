// Requests and callbacks, live, filtered, and saved.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { RIGHTS, end, points, startMock, visit } from './support.js';

let mock;
before(async () => (mock = await startMock()));
after(end);

const rows = (page) => page.getByRole('grid').getByRole('row').filter({ has: page.getByRole('gridcell') });

test('a request is in the list as soon as it is answered, with its operation in the language of the page', async () => {
  const page = await visit(mock.page, { locale: 'zh-CN' });
  await page.getByText('实时', { exact: true }).waitFor();
  assert.equal((await mock.send('PATCH', RIGHTS, points(1))).status, 204);
  const row = rows(page).first();
  await row.getByText('204').waitFor();
  const { operations } = await mock.steer('GET', '/operations');
  await row.getByText(operations.find(({ id }) => id === 'set_rights').summary).waitFor();
  await page.assertClean();
});

test('a list shows what fits its filters, and its address keeps them', async () => {
  await mock.send('PATCH', RIGHTS, points(2));
  await mock.send('PATCH', RIGHTS, points(3), { signing: (text) => text.trimEnd() });
  const page = await visit(mock.page);
  await page.getByRole('combobox', { name: 'Status' }).selectOption('4xx');
  await rows(page).getByText('no-final-newline').first().waitFor();
  await rows(page).getByText('204').first().waitFor({ state: 'detached' });
  await page.reload();
  await rows(page).getByText('no-final-newline').first().waitFor();
  assert.equal(await rows(page).getByText('204').count(), 0);
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.getByRole('searchbox', { name: 'Search' }).fill('nothing-has-this-in-it');
  await rows(page).first().waitFor({ state: 'detached' });
  await page.assertClean();
});

test('the keyboard goes through the list, opens an exchange and comes back', async () => {
  await mock.send('PATCH', RIGHTS, points(4));
  const page = await visit(mock.page);
  await rows(page).first().waitFor();
  await page.getByRole('grid').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 2 }).waitFor();
  assert.match(page.url(), /#\/traffic\/\d+$/);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { level: 2 }).waitFor({ state: 'detached' });
  await page.assertClean();
});

test('a paused list shows what happened meanwhile when it goes on', async () => {
  const page = await visit(mock.page);
  await page.getByRole('button', { name: 'Pause' }).click();
  const { last: before } = await mock.steer('GET', '/exchanges?order=newest&limit=1');
  await mock.send('PATCH', RIGHTS, points(5));
  await page.getByText('Paused').waitFor();
  assert.equal(await page.getByRole('link', { name: `in ${before + 1}`, exact: true }).count(), 0);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('link', { name: `in ${before + 1}`, exact: true }).waitFor();
  await page.assertClean();
});

test('the list is saved as HAR, and deleted after a question', async () => {
  await mock.send('PATCH', RIGHTS, points(6));
  const page = await visit(mock.page);
  await rows(page).first().waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download HAR' }).click()]);
  const { log } = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.ok(log.entries.some(({ request }) => request.url.endsWith(RIGHTS)));
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep them' }).click();
  assert.ok((await mock.steer('GET', '/exchanges')).exchanges.length > 0);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click();
  await rows(page).first().waitFor({ state: 'detached' });
  assert.deepEqual((await mock.steer('GET', '/exchanges')).exchanges, []);
  await page.assertClean();
});
