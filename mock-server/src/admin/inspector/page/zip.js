// An archive of a few small text files, which every system opens. Stored, not compressed.

/** @typedef {{ name: string, text: string, isSecret?: boolean }} File */

/** @param {File[]} files @returns {Blob} */
export function zip(files) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const directory = [];
  let offset = 0;
  for (const { name, text, isSecret } of files) {
    const [path, content] = [new TextEncoder().encode(name), new TextEncoder().encode(text)];
    const { length } = content;
    // Names in UTF-8, stored, at the least date that the format has.
    const common = [2, 0x0800, 2, 0, 2, 0, 2, 0x21, 4, crc32(content), 4, length, 4, length, 2, path.length, 2, 0];
    parts.push(numbers(4, 0x04034b50, 2, 20, ...common), path, content);
    // Made on Unix, for the mode: only its owner reads a secret.
    const mode = (0o100000 | (isSecret ? 0o600 : 0o644)) << 16;
    directory.push(numbers(4, 0x02014b50, 2, 0x0314, 2, 20, ...common, 2, 0, 2, 0, 2, 0, 4, mode >>> 0, 4, offset), path);
    offset += 30 + path.length + length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = numbers(4, 0x06054b50, 4, 0, 2, files.length, 2, files.length, 4, size, 4, offset, 2, 0);
  return new Blob([...parts, ...directory, end]);
}

/** Numbers of 2 or 4 bytes, little-endian: each after its size. @param {...number} sizesAndNumbers */
function numbers(...sizesAndNumbers) {
  const bytes = [];
  for (let at = 0; at < sizesAndNumbers.length; at += 2) {
    const [size = 0, number = 0] = sizesAndNumbers.slice(at, at + 2);
    for (let shift = 0; shift < size * 8; shift += 8) bytes.push((number >>> shift) & 255);
  }
  return new Uint8Array(bytes);
}

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}
