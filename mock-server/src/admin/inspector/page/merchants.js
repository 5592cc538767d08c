// The merchants and their credentials. No private key is ever shown: it goes from the mock to a file or to the clipboard.

import { attempt, call, confirmed, copy, notify, save, textOf } from './api.js';
import { button, h, show } from './dom.js';
import { say } from './i18n.js';
import { redraw } from './panes.js';
import { badge, card, form, labelled, news, table, words } from './pieces.js';
import { tar } from './tar.js';

const texts = /** @type {const} */ ({
  title: ['Merchants', '商户'],
  trust: ['Verifies with', '验签方式'],
  credentials: ['Credentials', '凭据'],
  files: ['Files (.tar)', '文件（.tar）'],
  env: ['.env', '.env'],
  copyEnv: ['Copy .env', '复制 .env'],
  of: ['{what}, merchant {mchid}', '{what}，商户 {mchid}'],
  configured: ['configured', '已配置'],
  ask: ['Delete merchant {mchid} and its data?', '确定删除商户 {mchid} 及其数据？'],
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

/** @type {{ [trust: string]: Words }} */
const trusts = { both: ['both kinds of key', '两种均可'], 'platform-certificate': ['platform certificate', '平台证书'], 'public-key': ['public key', '微信支付公钥'] };
/** How many are shown: tests make up to 1,000. (own choice) */
const MOST = 50;

const mchids = h('datalist', { id: 'mchids' });

/** A field for one of the merchants, or none. */
export function merchantField() {
  return h('input', { list: mchids.id, inputmode: 'numeric', maxlength: 32, size: 12, autocomplete: 'off' });
}

/** @param {Ending} changed @returns {Control} */
export function merchants(changed) {
  const list = h('div');
  const isNew = news();
  const said = h('p', { class: 'warn', role: 'status' });
  const trust = h('select', null, Object.entries(trusts).map(([value, text]) => h('option', { value }, say(text))));
  const mchid = merchantField();
  const newKey = h('input', { type: 'checkbox' });

  const create = async () => {
    const made = await call('POST', 'merchants', { trust: trust.value, new_key: newKey.checked, ...(mchid.value && { mchid: mchid.value }) });
    mchid.value = '';
    notify(say(texts.created, { mchid: made.mchid }));
    changed();
  };
  /** @param {Merchant} merchant */
  const row = ({ mchid, trust, made }) => {
    const path = `credentials?merchant=${mchid}`;
    const env = () => textOf('GET', `${path}&format=env`);
    const files = async () => {
      const [credentials, exported] = await Promise.all([call('GET', path), env()]);
      show(said, !credentials.merchant_key && say(texts.secret, { mchid }));
      save(`wechatpay-${mchid}.tar`, tar([...filesOf(credentials), { name: 'env', text: exported, isSecret: true }]), 'application/x-tar');
    };
    const remove = async () => {
      if (!(await confirmed(say(texts.ask, { mchid }), say(words.remove), say(words.keep)))) return;
      await call('DELETE', `merchants/${mchid}`);
      notify(say(texts.deleted, { mchid }));
      changed();
    };
    /** @param {Words} text @param {() => Promise<unknown>} act */
    const action = (text, act) => button(say(text), () => attempt(act), { 'aria-label': say(texts.of, { what: say(text), mchid }) });
    const downloads = [
      action(texts.files, files),
      action(texts.env, async () => save(`${mchid}.env`, await env())),
      action(texts.copyEnv, async () => copy(await env())),
    ];
    return [mchid, say(trusts[trust] ?? [trust, trust]), h('div', { class: 'row' }, downloads), made ? action(words.remove, remove) : badge('', texts.configured)];
  };
  const refresh = async () => {
    /** @type {{ merchants: Merchant[] }} */
    const { merchants: all } = await call('GET', 'merchants');
    if (!isNew(all)) return;
    show(mchids, all.map(({ mchid }) => h('option', { value: mchid })));
    const n = all.length - MOST;
    redraw(list, table([words.merchant, texts.trust, texts.credentials, words.remove], all.slice(0, MOST).map(row)), n > 0 && h('p', null, say(texts.more, { n })));
  };
  const go = h('button', { class: 'main' }, say(texts.create));
  const ca = button(say(texts.ca), () => attempt(async () => save('ca.pem', await textOf('GET', 'ca.pem'))));
  const made = form(create, labelled(texts.trust, trust), labelled(texts.mchid, mchid), labelled(texts.newKey, newKey), go);
  return { element: card(texts.title, [list, said, made, h('p', null, ca), mchids]), refresh };
}

/** The files that `wechatpay-mock keys` writes, but for `env`. @param {{ [field: string]: string }} credentials */
function filesOf(credentials) {
  const named = { merchant_key: 'apiclient_key.pem', merchant_certificate: 'apiclient_cert.pem', platform_certificate: `wechatpay_${credentials.platform_serial}.pem`, public_key: 'pub_key.pem' };
  const found = Object.entries(named).filter(([field]) => credentials[field]);
  const json = { ...credentials, ...Object.fromEntries(found) };
  return [
    ...found.map(([field, name]) => ({ name, text: credentials[field] ?? '', isSecret: field === 'merchant_key' })),
    { name: 'credentials.json', text: `${JSON.stringify(json, null, 2)}\n`, isSecret: true },
  ];
}
