// The package beside the acceptance suite: its names and its command. ACCEPTANCE is the path of acceptance.json.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import * as api from 'wechatpay-mock';
import { withMerchant } from 'wechatpay-mock/node-test';

const program = new URL('node_modules/@wechatpay-mock', import.meta.url);
const command = new URL('node_modules/.bin/wechatpay-mock', import.meta.url).pathname;

/** Runs the command, and resolves with its exit code and output. */
function run(args, env) {
  return new Promise((resolve) => {
    execFile(command, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
  });
}

test('the names are those of acceptance.json', async () => {
  const expected = JSON.parse(readFileSync(process.env.ACCEPTANCE)).api.map(({ name }) => name);
  const mock = await api.start();
  const found = ['start', ...Object.keys(mock), ...Object.getOwnPropertyNames(Object.getPrototypeOf(mock))];
  await mock.close();
  assert.deepEqual(found.filter((name) => name !== 'constructor').sort(), expected.sort());
});

test('the admin token is sent', async (t) => {
  t.after(() => delete process.env.WECHATPAY_MOCK_ADMIN_TOKEN);
  process.env.WECHATPAY_MOCK_ADMIN_TOKEN = 'a-token-of-this-test';
  const mock = await api.start();
  await mock.fault('system-error');
  process.env.WECHATPAY_MOCK_ADMIN_TOKEN = 'another-token-of-this-test';
  await assert.rejects(mock.fault('system-error'), { name: 'MockError', status: 401 });
  await mock.close();
});

test("a test's own error is kept, and its merchant closed, although the mock has gone", async (t) => {
  t.after(() => delete process.env.WECHATPAY_MOCK_URL);
  const mock = await api.start();
  process.env.WECHATPAY_MOCK_URL = mock.url;
  let file;
  const failing = withMerchant(async (wechatpay) => {
    file = (await wechatpay.environment()).WECHATPAY_MERCHANT_KEY;
    assert.ok(existsSync(file));
    await mock.close();
    throw new Error('of the test');
  });
  await assert.rejects(failing(t), /^Error: of the test\n\nno report: expected a mock at /);
  assert.ok(!existsSync(file));
});

test('the command passes arguments, output and exit code through', async () => {
  const demo = await run(['demo']);
  assert.deepEqual([demo.code, demo.stderr], [0, '']);
  assert.match(demo.stdout, /\nverified: 204 No Content\n$/);
  const wrong = await run(['serve', '--config', '/no/such.toml']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /\/no\/such\.toml/);
  assert.equal((await run(['run', '--allow-none', '--', 'sh', '-c', 'exit 7'])).code, 7);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`the command passes ${signal} through`, { timeout: 20_000 }, async (t) => {
    const child = spawn(command, ['--port', '0', '--stop-with-stdin'], { stdio: ['pipe', 'pipe', 'ignore'] });
    t.after(() => child.stdin.end());
    const [line] = await once(createInterface(child.stdout), 'line');
    const ended = once(child, 'exit');
    child.kill(signal);
    assert.deepEqual(await ended, [0, null]);
    await assert.rejects(fetch(line.split(' ').at(-1)));
  });
}

test('without the platform package, the error names the four places, and the command does not start itself', async () => {
  const away = new URL('away', import.meta.url);
  renameSync(program, away);
  try {
    const PATH = `${new URL('node_modules/.bin', import.meta.url).pathname}:${process.env.PATH}`;
    const none = await run(['--version'], { PATH });
    assert.equal(none.code, 1);
    assert.match(none.stderr, /option binary; WECHATPAY_MOCK_BINARY; the package @wechatpay-mock\/\w+-\w+, .*; PATH/);
    const chinese = await run(['--version'], { PATH, WECHATPAY_MOCK_LANG: 'zh' });
    assert.match(chinese.stderr, /没有找到 .* 的可执行文件/);
    const target = `${away.pathname}/${process.platform}-${process.arch}`;
    assert.match((await run(['--version'], { WECHATPAY_MOCK_BINARY: `${target}/wechatpay-mock` })).stdout, /^wechatpay-mock \d/);
    assert.match((await run(['--version'], { PATH: `${target}:${process.env.PATH}` })).stdout, /^wechatpay-mock \d/);
  } finally {
    renameSync(away, program);
  }
});
