// The merchants and their credentials. No private key is ever shown: it goes from the mock to a file or to the clipboard.

import { attempt, call, confirmed, copy, notify, save, textOf } from './api.js';
import { button, h, show } from './dom.js';
import { say } from './i18n.js';
import { badge, card, drawer, form, labelled, table } from './pieces.js';
import { tar } from './tar.js';

/** @typedef {import('./types').Merchant} Merchant */
/** @typedef {import('./i18n.js').Text} Text */

const texts = /** @type {const} */ ({
  title: ['Merchants', '商户'],
  merchant: ['Merchant', '商户号'],
  trust: ['Verifies with', '验签方式'],
  credentials: ['Credentials', '凭据'],
  files: ['Files (.tar)', '文件（.tar）'],
  env: ['.env', '.env'],
  copyEnv: ['Copy .env', '复制 .env'],
  of: ['{what}, merchant {mchid}', '{what}，商户 {mchid}'],
  remove: ['Delete', '删除'],
  configured: ['configured', '已配置'],
  ask: ['Delete merchant {mchid} and its data?', '确定删除商户 {mchid} 及其数据？'],
  keep: ['Keep it', '保留'],
  more: ['{n} more are not shown.', '另有 {n} 个未显示。'],
  secret: [
    'Merchant {mchid} has keys of its own in the configuration. The mock never shows its private key and its APIv3 key: take them from where the configuration does.',
    '商户 {mchid} 使用配置中自己的密钥。模拟网关不会提供其私钥和 APIv3 密钥，请从配置引用的位置获取。',
  ],
  mchid: ['mchid (may be empty)', '商户号（可留空）'],
  newKey: ['Keys of its own', '独立密钥'],
  create: ['Create a merchant', '新建商户'],
  created: ['Merchant {mchid} is created.', '已新建商户 {mchid}。'],
  deleted: ['Merchant {mchid} is deleted.', '已删除商户 {mchid}。'],
  ca: ['CA for HTTPS (ca.pem)', 'HTTPS 根证书（ca.pem）'],
});

/** @type {{ [trust: string]: Text }} */
const trusts = {
  both: ['both kinds of key', '两种均可'],
  'platform-certificate': ['platform certificate', '平台证书'],
  'public-key': ['public key', '微信支付公钥'],
};
/** How many are shown: tests make up to 1,000. (own choice) */
const MOST = 50;

const mchids = h('datalist', { id: 'mchids' });

/** A field for one of the merchants, or none. */
export function merchantField() {
  return h('input', { list: mchids.id, inputmode: 'numeric', maxlength: 32, size: 12, autocomplete: 'off' });
}

/** @param {() => void} changed @returns {import('./controls.js').Control} */
export function merchants(changed) {
  const list = h('div');
  const draw = drawer(list);
  const said = h('p', { class: 'warn', role: 'status' });
  const trust = h('select', null, Object.entries(trusts).map(([value, text]) => h('option', { value }, say(text))));
  const mchid = merchantField();
  const newKey = h('input', { type: 'checkbox' });
  const go = h('button', { class: 'main' }, say(texts.create));

  const create = async () => {
    go.disabled = true;
    try {
      const made = await call('POST', 'merchants', { trust: trust.value, new_key: newKey.checked, ...(mchid.value && { mchid: mchid.value }) });
      mchid.value = '';
      notify(say(texts.created, { mchid: made.mchid }));
      changed();
    } finally {
      go.disabled = false;
    }
  };
  /** @param {string} mchid */
  const files = async (mchid) => {
    const [credentials, exported] = await Promise.all([call('GET', `credentials?merchant=${mchid}`), env(mchid)]);
    show(said, !credentials.merchant_key && say(texts.secret, { mchid }));
    save(`wechatpay-${mchid}.tar`, tar([...filesOf(credentials), { name: 'env', text: exported, isSecret: true }]), 'application/x-tar');
  };
  /** @param {string} mchid */
  const env = (mchid) => textOf('GET', `credentials?merchant=${mchid}&format=env`);
  /** @param {string} mchid */
  const remove = async (mchid) => {
    if (!(await confirmed(say(texts.ask, { mchid }), say(texts.remove), say(texts.keep)))) return;
    await call('DELETE', `merchants/${mchid}`);
    notify(say(texts.deleted, { mchid }));
    changed();
  };

  /** @param {Merchant} merchant */
  const row = ({ mchid, trust, made }) => {
    /** @param {Text} text @param {() => Promise<unknown>} act */
    const action = (text, act) => button(say(text), () => attempt(act), { 'aria-label': say(texts.of, { what: say(text), mchid }) });
    const downloads = [
      action(texts.files, () => files(mchid)),
      action(texts.env, async () => save(`${mchid}.env`, await env(mchid))),
      action(texts.copyEnv, async () => copy(await env(mchid))),
    ];
    const end = made ? action(texts.remove, () => remove(mchid)) : badge('', texts.configured);
    return [mchid, say(trusts[trust] ?? [trust, trust]), h('div', { class: 'row' }, downloads), end];
  };
  const refresh = async () => {
    /** @type {{ merchants: Merchant[] }} */
    const { merchants: all } = await call('GET', 'merchants');
    draw(all, () => {
      show(mchids, all.map(({ mchid }) => h('option', { value: mchid })));
      const rest = all.length - MOST;
      show(list, table([texts.merchant, texts.trust, texts.credentials, texts.remove], all.slice(0, MOST).map(row)), rest > 0 && h('p', null, say(texts.more, { n: rest })));
    });
  };
  const element = card(
    texts.title,
    list,
    said,
    form(create, labelled(texts.trust, trust), labelled(texts.mchid, mchid), labelled(texts.newKey, newKey), go),
    h('p', null, button(say(texts.ca), () => attempt(async () => save('ca.pem', await textOf('GET', 'ca.pem'))))),
    mchids,
  );
  element.classList.add('wide');
  return { element, refresh };
}

/** The files that `wechatpay-mock keys` writes, but for `env`. @param {{ [field: string]: string }} credentials */
function filesOf(credentials) {
  const named = [
    ['merchant_key', 'apiclient_key.pem'],
    ['merchant_certificate', 'apiclient_cert.pem'],
    ['platform_certificate', `wechatpay_${credentials.platform_serial}.pem`],
    ['public_key', 'pub_key.pem'],
  ];
  const files = named.flatMap(([field = '', name = '']) => {
    const text = credentials[field];
    return text ? [{ field, name, text, isSecret: field === 'merchant_key' }] : [];
  });
  const names = { ...credentials, ...Object.fromEntries(files.map(({ field, name }) => [field, name])) };
  return [...files, { name: 'credentials.json', text: `${JSON.stringify(names, null, 2)}\n`, isSecret: true }];
}
