// What an open page costs: a page left open for a million exchanges, and the throughput of a mock with three pages open beside that with none.
//
// Needs wrk, and a quiet machine. Exits with 1 if a goal is missed.

import { execFile } from 'node:child_process';
import { createSign } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RIGHTS, end, points, startMock, visit } from './support.js';

const execute = promisify(execFile);
const MANY = 1_000_000;
/** In bytes, of the page's heap and of what its process has for itself. */
const MOST_MEMORY = 150 * 1024 * 1024;
const LEAST_SHARE = 0.95;
/** How often throughput is measured each way, and for how many seconds. (own choice) */
const [ROUNDS, SECONDS] = [9, 4];

const folder = await mkdtemp(join(tmpdir(), 'endurance-'));
const script = join(folder, 'replay.lua');

/** A mock whose clock stands still, so that one signed request stays good; and that request, for wrk. */
async function frozen() {
  const mock = await startMock();
  const { now } = await mock.steer('POST', '/clock', { action: 'freeze' });
  const { mchid, merchant_serial, merchant_key } = await mock.credentials();
  const [nonce, body] = ['593BEC0C930BF1AFEB40B4A08C8FB242', points(1, 'endurance')];
  const signature = createSign('RSA-SHA256').update(`PATCH\n${RIGHTS}\n${now}\n${nonce}\n${body}\n`).sign(merchant_key, 'base64');
  const authorization = `WECHATPAY2-SHA256-RSA2048 mchid="${mchid}",nonce_str="${nonce}",signature="${signature}",timestamp="${now}",serial_no="${merchant_serial}"`;
  const headers = { Accept: 'application/json', 'User-Agent': 'endurance', 'Content-Type': 'application/json', Authorization: authorization };
  const set = Object.entries(headers).map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`);
  await writeFile(script, [`wrk.method = "PATCH"`, `wrk.body = ${JSON.stringify(body)}`, ...set].join('\n'));
  return mock;
}

/** Requests per second that get a 2xx. */
async function load(mock, seconds) {
  const { stdout } = await execute('wrk', ['-t1', '-c16', `-d${seconds}s`, '-s', script, mock.url + RIGHTS]);
  if (/Non-2xx/.test(stdout)) throw new Error(`expected 204 always, found ${stdout}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]);
}

const lastNumber = async (mock) => (await mock.steer('GET', '/exchanges?order=newest&limit=1')).last;

/**
 * The page's heap after a collection; what its process has in memory, and without the files that it maps, which are the browser's own code and
 * in every process of it.
 */
async function memoryOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { processInfo } = await (await page.context().browser().newBrowserCDPSession()).send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const all = await Promise.all(
    renderers.map(async ({ id }) => {
      const status = await readFile(`/proc/${id}/status`, 'utf8');
      const [whole, own, shared] = ['VmRSS', 'RssAnon', 'RssShmem'].map((name) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0));
      return { whole, own: own + shared };
    }),
  );
  // The browser has others in reserve.
  return { heap: usedSize, ...all.reduce((one, other) => (one.own > other.own ? one : other)) };
}

const mib = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
let isGood = true;
/** Prints a figure and whether it meets its goal. */
function judge(text, meets) {
  isGood &&= meets;
  console.log(`${meets ? 'met   ' : 'MISSED'} ${text}`);
}

console.log(`${cpus().length} cores, load ${loadavg().map((load) => load.toFixed(1)).join(' ')}`);
{
  const mock = await frozen();
  const close = async (pages) => Promise.all(pages.map((page) => page.context().close()));
  const [without, with3] = [[], []];
  await load(mock, SECONDS);
  for (let round = 0; round < ROUNDS; round += 1) {
    without.push(await load(mock, SECONDS));
    const pages = await Promise.all([1, 2, 3].map(() => visit(mock.page)));
    // Until they have read the journal.
    await Promise.all(pages.map((page) => page.getByRole('grid').getByRole('row').nth(1).waitFor()));
    with3.push(await load(mock, SECONDS));
    await close(pages);
  }
  // Of each two that follow one another, since other work on the machine comes and goes.
  const share = median(with3.map((rate, round) => rate / without[round]));
  console.log(`without: ${without.join(' ')}; with three pages: ${with3.join(' ')} requests per second`);
  judge(`full service with three pages open is ${share.toFixed(3)} of that without; goal ${LEAST_SHARE}`, share >= LEAST_SHARE);
}
{
  const mock = await frozen();
  const page = await visit(mock.page);
  await page.getByText('Live', { exact: true }).waitFor();
  const before = await memoryOf(page);
  const begun = Date.now();
  let last = 0;
  while (last < MANY) {
    await load(mock, 20);
    last = await lastNumber(mock);
  }
  await page.getByRole('link', { name: `in ${last}`, exact: true }).waitFor({ timeout: 60_000 });
  const after = await memoryOf(page);
  const tell = ({ heap, own, whole }) => `heap ${mib(heap)}, process ${mib(own)}, with files ${mib(whole)}`;
  console.log(`${last} exchanges in ${Math.round((Date.now() - begun) / 1000)} s; before: ${tell(before)}; after: ${tell(after)}`);
  judge(`heap of the page ${mib(after.heap)}; goal ${mib(MOST_MEMORY)}`, after.heap < MOST_MEMORY);
  judge(`memory of its process without files ${mib(after.own)}; goal ${mib(MOST_MEMORY)}`, after.own < MOST_MEMORY);
  await page.assertClean();
}
await end();
await rm(folder, { recursive: true });
process.exit(isGood ? 0 : 1);
