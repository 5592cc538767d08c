// The merchants, and their credentials. No private key is ever part of the page: it goes from the mock to a file or the clipboard.

import { attempt, call, confirmed, copy, notify, save, textOf } from './api.js';
import { button, h, show } from './dom.js';
import { count, say } from './i18n.js';
import { drawer } from './live.js';
import { zip } from './zip.js';

/** @typedef {import('./types').Merchant} Merchant */
/** @typedef {import('./types').Credentials} Credentials */

const texts = /** @type {const} */ ({
  title: ['Merchants', '商户'],
  lead: ['A merchant of its own for each test shares nothing with the others.', '为每个测试创建单独的商户，彼此互不影响。'],
  merchant: ['Merchant', '商户号'],
  trust: ['Verifies with', '验签方式'],
  both: ['both keys', '两种均可'],
  'platform-certificate': ['platform certificate', '平台证书'],
  'public-key': ['WeChat Pay public key', '微信支付公钥'],
  credentials: ['Credentials', '凭据'],
  files: ['Files (.zip)', '文件（.zip）'],
  env: ['.env', '.env'],
  copyEnv: ['Copy .env', '复制 .env'],
  actions: ['Actions', '操作'],
  of: ['{what}: merchant {mchid}', '{what}：商户 {mchid}'],
  remove: ['Delete', '删除'],
  configured: ['configured', '已配置'],
  ask: ['Delete merchant {mchid} with all its data?', '确定删除商户 {mchid} 及其所有数据吗？'],
  keep: ['Keep it', '保留'],
  more: ['{n} more are not shown.', '另有 {n} 个未显示。'],
  secret: [
    'The private key and the APIv3 key of merchant {mchid} are its own, from the configuration: the mock never shows them. Take them from where the configuration does.',
    '商户 {mchid} 的私钥和 APIv3 密钥由配置指定，模拟网关不会提供。请从配置所引用的位置获取。',
  ],
  create: ['Create a merchant', '新建商户'],
  mchid: ['mchid, or empty for a new one', '商户号，留空则自动分配'],
  newKey: ['Its own private key and APIv3 key (takes up to a second)', '生成独立的私钥和 APIv3 密钥（约需一秒）'],
  go: ['Create', '新建'],
  created: ['Merchant {mchid} is created.', '已新建商户 {mchid}。'],
  deleted: ['Merchant {mchid} is deleted.', '已删除商户 {mchid}。'],
  ca: ['Certificate authority for HTTPS (ca.pem)', 'HTTPS 根证书（ca.pem）'],
});

/** @type {(keyof typeof texts)[]} */
const TRUST = ['both', 'platform-certificate', 'public-key'];
/** How many are shown: tests make up to 1,000. (own choice) */
const SHOWN = 50;

/** @param {() => void} changed @returns {import('./controls.js').Control} */
export function merchants(changed) {
  const list = h('div', { class: 'scrolls' });
  const said = h('p', { class: 'warn', role: 'status' });
  const redraw = drawer(list);
  const trust = h('select', { id: 'trust' }, TRUST.map((value) => h('option', { value }, say(texts[value]))));
  const mchid = h('input', { id: 'mchid', pattern: '[0-9]{1,32}', maxlength: 32, inputmode: 'numeric', autocomplete: 'off' });
  const newKey = h('input', { type: 'checkbox', id: 'new-key' });
  const go = h('button', { class: 'main' }, say(texts.go));

  /** @param {Event} event */
  const create = (event) => {
    event.preventDefault();
    go.disabled = true;
    void attempt(async () => {
      const made = await call('POST', 'merchants', { trust: trust.value, new_key: newKey.checked, ...(mchid.value && { mchid: mchid.value }) });
      mchid.value = '';
      notify(say(texts.created, { mchid: made.mchid }));
      changed();
    }).finally(() => (go.disabled = false));
  };

  /** @param {string} mchid */
  const files = (mchid) =>
    attempt(async () => {
      const credentials = /** @type {Credentials} */ (await call('GET', `credentials?merchant=${mchid}`));
      show(said, credentials.merchant_key === undefined && say(texts.secret, { mchid }));
      save(`wechatpay-${mchid}.zip`, zip(filesOf(credentials)), 'application/zip');
    });
  /** @param {string} mchid @param {(text: string) => unknown} take */
  const env = (mchid, take) => attempt(async () => take(await textOf('GET', `credentials?merchant=${mchid}&format=env`)));
  /** @param {string} mchid */
  const remove = (mchid) =>
    attempt(async () => {
      if (!(await confirmed(say(texts.ask, { mchid }), say(texts.remove), say(texts.keep)))) return;
      await call('DELETE', `merchants/${mchid}`);
      notify(say(texts.deleted, { mchid }));
      changed();
    });

  /** @param {Merchant} merchant */
  const row = ({ mchid, serial_no, trust, made }) => {
    /** @param {import('./i18n.js').Text} text @param {() => unknown} act @param {object} [attributes] */
    const action = (text, act, attributes) => button(say(text), act, { 'aria-label': say(texts.of, { what: say(text), mchid }), ...attributes });
    const known = TRUST.find((value) => value === trust);
    return h(
      'tr',
      null,
      h('th', { scope: 'row', class: 'mono', title: serial_no }, mchid),
      h('td', null, known ? say(texts[known]) : trust),
      h(
        'td',
        null,
        h(
          'div',
          { class: 'row' },
          action(texts.files, () => files(mchid)),
          action(texts.env, () => env(mchid, (text) => save(`${mchid}.env`, text))),
          action(texts.copyEnv, () => env(mchid, copy)),
        ),
      ),
      h('td', null, made ? action(texts.remove, () => remove(mchid), { class: 'danger' }) : h('span', { class: 'badge' }, say(texts.configured))),
    );
  };

  const element = h(
    'section',
    { class: 'card stack wide', 'aria-labelledby': 'merchants' },
    h('h2', { id: 'merchants' }, say(texts.title)),
    h('p', { class: 'muted' }, say(texts.lead)),
    list,
    said,
    h(
      'form',
      { class: 'row', onsubmit: create, 'aria-label': say(texts.create) },
      h('label', { for: 'trust' }, say(texts.trust)),
      trust,
      h('label', { for: 'mchid' }, say(texts.mchid)),
      mchid,
      h('label', { for: 'new-key' }, newKey, ' ', say(texts.newKey)),
      go,
    ),
    h('p', null, button(say(texts.ca), () => attempt(async () => save('ca.pem', await textOf('GET', 'ca.pem'), 'application/x-pem-file')))),
  );
  const columns = [texts.merchant, texts.trust, texts.credentials, texts.actions];
  return {
    element,
    know: (all) =>
      redraw(all, () => {
        const head = h('thead', null, h('tr', null, columns.map((text) => h('th', { scope: 'col' }, say(text)))));
        // Those made last are wanted most.
        const shown = all.length > SHOWN ? [...all.filter(({ made }) => !made), ...all.filter(({ made }) => made).reverse()].slice(0, SHOWN) : all;
        const rest = all.length - shown.length;
        show(list, h('table', null, head, h('tbody', null, shown.map(row))), rest > 0 && h('p', { class: 'muted' }, say(texts.more, { n: count(rest) })));
      }),
  };
}

/**
 * The files that `wechatpay-mock keys` writes, with the names of the merchant platform.
 * @param {Credentials} credentials
 */
function filesOf(credentials) {
  const { merchant_key, merchant_certificate, platform_serial, platform_certificate, public_key, ...rest } = credentials;
  const names = {
    ...rest,
    ...(merchant_key && { merchant_key: 'apiclient_key.pem' }),
    merchant_certificate: 'apiclient_cert.pem',
    ...(platform_certificate && { platform_serial, platform_certificate: `wechatpay_${platform_serial}.pem` }),
    ...(public_key && { public_key: 'pub_key.pem' }),
  };
  /** @type {import('./zip.js').File[]} */
  const files = [{ name: names.merchant_certificate, text: merchant_certificate }];
  if (merchant_key) files.push({ name: 'apiclient_key.pem', text: merchant_key, isSecret: true });
  if (platform_certificate) files.push({ name: `wechatpay_${platform_serial}.pem`, text: platform_certificate });
  if (public_key) files.push({ name: 'pub_key.pem', text: public_key });
  files.push({ name: 'credentials.json', text: `${JSON.stringify(names, null, 2)}\n`, isSecret: true });
  return files;
}

/**
 * A choice of one merchant, or of none.
 * @param {string} label
 * @param {string} none
 */
export function merchantPicker(label, none) {
  const select = h('select', { 'aria-label': label }, h('option', { value: '' }, none));
  let shown = '';
  /** @param {Merchant[]} all */
  const know = (all) => {
    const mchids = all.map(({ mchid }) => mchid);
    if (shown === mchids.join()) return;
    shown = mchids.join();
    const before = select.value;
    show(select, h('option', { value: '' }, none), ...mchids.map((mchid) => h('option', { value: mchid }, mchid)));
    select.value = mchids.includes(before) ? before : '';
  };
  return { element: select, know };
}

/** @param {ReturnType<typeof merchantPicker>} picker */
export const chosen = (picker) => picker.element.value;
