// An archive of a few ASCII files, with the modes that `wechatpay-mock keys` gives them. Not compressed.

/** @param {{ name: string, text: string, isSecret?: boolean }[]} files */
export function tar(files) {
  return files.map(({ name, text, isSecret }) => padded(header(name, text.length, isSecret ? 0o600 : 0o644)) + padded(text)).join('') + '\0'.repeat(1024);
}

/** In whole blocks. @param {string} text */
const padded = (text) => text.padEnd(Math.ceil(text.length / 512) * 512, '\0');
/** @param {number} number @param {number} digits */
const octal = (number, digits) => `${number.toString(8).padStart(digits, '0')}\0`;

/** @param {string} name @param {number} size @param {number} mode */
function header(name, size, mode) {
  const start = name.padEnd(100, '\0') + octal(mode, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(Math.floor(Date.now() / 1000), 11);
  const end = `${'0'.padEnd(101, '\0')}ustar\0` + '00';
  // The sum is that of a header with spaces in its place.
  const sum = [...start, ...' '.repeat(8), ...end].reduce((sum, character) => sum + character.charCodeAt(0), 0);
  return `${start}${octal(sum, 6)} ${end}`;
}
