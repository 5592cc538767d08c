// The frame of the page: navigation, language, theme, and one view at a time by the address's hash.

import { call } from './api.js';
import { callbacks } from './callbacks.js';
import { controls } from './controls.js';
import { h, show } from './dom.js';
import { currentStanding, listen, on, pause } from './events.js';
import { language, locale, say, speak } from './i18n.js';
import { phone } from './phone.js';
import { state } from './state.js';
import { traffic } from './traffic.js';

/** @typedef {import('./i18n.js').Text} Text */
/**
 * Shows itself in the element. `parts` are those of the hash after the view's name, decoded. Returns what ends it.
 * @typedef {(root: HTMLElement, parts: string[]) => () => void} View
 */

const texts = /** @type {const} */ ({
  traffic: ['Traffic', '请求'],
  state: ['State', '数据'],
  callbacks: ['Callbacks', '回调'],
  phone: ['Phone', '手机'],
  controls: ['Controls', '控制'],
  navigation: ['Views', '视图'],
  skip: ['Skip to the content', '跳到内容'],
  theme: ['Theme', '主题'],
  auto: ['System', '跟随系统'],
  light: ['Light', '浅色'],
  dark: ['Dark', '深色'],
  connecting: ['Connecting…', '正在连接…'],
  live: ['Live', '实时'],
  paused: ['Paused', '已暂停'],
  lost: ['No connection, trying again…', '连接已断开，正在重试…'],
  pause: ['Pause', '暂停'],
  resume: ['Resume', '继续'],
});

/** @type {{ [name: string]: { text: Text, view: View } }} */
const views = {
  traffic: { text: texts.traffic, view: traffic },
  state: { text: texts.state, view: state },
  callbacks: { text: texts.callbacks, view: callbacks },
  phone: { text: texts.phone, view: phone },
  controls: { text: texts.controls, view: controls },
};

const main = h('main', { id: 'view', tabindex: '-1' });
const notices = h('div', { id: 'notices', role: 'status', 'aria-live': 'polite' });
const header = h('header');
let end = () => {};

/** @param {string} theme */
function paint(theme) {
  localStorage.setItem('theme', theme);
  document.documentElement.dataset.theme = theme;
}

/** @param {string} label @param {string} value @param {[string, string][]} choices @param {(chosen: string) => void} choose */
function picker(label, value, choices, choose) {
  const options = choices.map(([value, text]) => h('option', { value }, text));
  const select = h('select', { 'aria-label': label, onchange: () => choose(select.value) }, options);
  select.value = value;
  return select;
}

function frame() {
  document.documentElement.lang = locale();
  const standing = h('span', { class: 'standing', role: 'status' });
  const toggle = h('button', {
    type: 'button',
    onclick: () => (currentStanding() === 'paused' ? void listen() : pause()),
  });
  const tellStanding = () => {
    const now = currentStanding();
    standing.dataset.standing = now;
    show(standing, say(texts[now]));
    show(toggle, say(now === 'paused' ? texts.resume : texts.pause));
  };
  tellStanding();
  forget();
  forget = on('standing', tellStanding);
  const links = Object.entries(views).map(([name, { text }]) => h('a', { href: `#/${name}`, 'data-view': name }, say(text)));
  show(
    header,
    h('a', { class: 'skip', href: '#view', onclick: (/** @type {Event} */ event) => (event.preventDefault(), main.focus()) }, say(texts.skip)),
    h('strong', { class: 'brand' }, 'wechatpay-mock'),
    h('nav', { 'aria-label': say(texts.navigation) }, links),
    h(
      'div',
      { class: 'row' },
      standing,
      toggle,
      picker('Language / 语言', language, [['en', 'English'], ['zh', '中文']], (chosen) => {
        speak(chosen === 'zh' ? 'zh' : 'en');
        frame();
        open();
        // The list of languages was made anew.
        header.querySelector('select')?.focus();
      }),
      picker(say(texts.theme), document.documentElement.dataset.theme ?? 'auto', [['auto', say(texts.auto)], ['light', say(texts.light)], ['dark', say(texts.dark)]], paint),
    ),
  );
}
let forget = () => {};

function open() {
  const [path = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [name = '', ...parts] = path.split('/');
  const found = Object.hasOwn(views, name) && views[name];
  if (!found) {
    location.replace('#/traffic');
    return;
  }
  end();
  show(main);
  for (const link of header.querySelectorAll('nav a')) {
    const isCurrent = /** @type {HTMLElement} */ (link).dataset.view === name;
    if (isCurrent) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${say(found.text)} · wechatpay-mock`;
  end = found.view(main, parts.map(decoded));
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

document.documentElement.dataset.theme = localStorage.getItem('theme') ?? 'auto';
document.body.append(header, main, notices);
frame();
// The first call asks for the token, if there is one.
await call('GET', 'health').catch(() => {});
addEventListener('hashchange', open);
open();
void listen();
