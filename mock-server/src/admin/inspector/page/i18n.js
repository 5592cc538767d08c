// The reader's language. Each module has its texts at its top, English and Chinese side by side.

/** @typedef {readonly [english: string, chinese: string]} Text */

/** @type {'en' | 'zh'} */
export let language = saved() ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

/** @returns {'en' | 'zh' | null} */
function saved() {
  const found = localStorage.getItem('language');
  return found === 'en' || found === 'zh' ? found : null;
}

/** @param {'en' | 'zh'} chosen */
export function speak(chosen) {
  language = chosen;
  localStorage.setItem('language', chosen);
}

/** The value of `lang` and the locale of numbers and times. */
export function locale() {
  return language === 'zh' ? 'zh-CN' : 'en';
}

/**
 * A text in the reader's language, with values in place of `{name}`.
 * @param {Text} text
 * @param {{ [name: string]: string | number }} [values]
 */
export function say(text, values = {}) {
  const template = language === 'zh' ? text[1] : text[0];
  return template.replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));
}

/**
 * A field of the mock's in the reader's language.
 * @param {{ english: string, chinese: string }} known
 */
export function known({ english, chinese }) {
  return language === 'zh' ? chinese : english;
}

/** @param {number} number */
export function count(number) {
  return number.toLocaleString(locale());
}

/**
 * A time of the mock's clock, in the reader's time zone.
 * @param {number} unix in seconds
 * @param {'time' | 'full'} [form]
 */
export function when(unix, form = 'time') {
  const date = new Date(unix * 1000);
  return form === 'time' ? date.toLocaleTimeString(locale(), { hourCycle: 'h23' }) : date.toLocaleString(locale(), { hourCycle: 'h23' });
}

/** @param {number} microseconds */
export function took(microseconds) {
  return microseconds < 10_000 ? `${(microseconds / 1000).toFixed(2)} ms` : `${count(Math.round(microseconds / 1000))} ms`;
}

/**
 * An amount of money.
 * @param {number} fen hundredths
 * @param {string} [currency]
 */
export function money(fen, currency = 'CNY') {
  try {
    return (fen / 100).toLocaleString(locale(), { style: 'currency', currency });
  } catch {
    return `${(fen / 100).toFixed(2)} ${currency}`;
  }
}

/** @param {number} bytes */
export function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
