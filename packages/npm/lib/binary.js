'use strict';

const { closeSync, openSync, readSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const say = require('./say.js');

const platform = `${process.platform}-${process.arch}`;
const file = process.platform === 'win32' ? 'wechatpay-mock.exe' : 'wechatpay-mock';

/** The path of the program: `named`, or the first of the other three places that has one. */
exports.findBinary = function findBinary(named) {
  const found = named || process.env.WECHATPAY_MOCK_BINARY || inPlatformPackage() || onPath();
  if (found) return found;
  throw new Error(
    say(
      `expected the program wechatpay-mock, found none for ${platform} in: the option binary; WECHATPAY_MOCK_BINARY; ` +
        `the package @wechatpay-mock/${platform}, an optional dependency of wechatpay-mock; PATH. Install without ` +
        '--omit=optional, or build the program and set WECHATPAY_MOCK_BINARY to its path',
      `没有找到 ${platform} 的可执行文件 wechatpay-mock。查找过：选项 binary；WECHATPAY_MOCK_BINARY；wechatpay-mock 的可选依赖 ` +
        `@wechatpay-mock/${platform}；PATH。安装时请不要加 --omit=optional；也可以自行编译，再把 WECHATPAY_MOCK_BINARY 设为它的路径`,
    ),
  );
};

function inPlatformPackage() {
  try {
    return require.resolve(`@wechatpay-mock/${platform}/${file}`);
  } catch {
    return undefined;
  }
}

function onPath() {
  const folders = (process.env.PATH || '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, file)).find(isProgram);
}

// A script of this name is the command of this package, which would start itself.
function isProgram(path) {
  try {
    const opened = openSync(path);
    const start = Buffer.alloc(2);
    readSync(opened, start);
    closeSync(opened);
    return start.toString() !== '#!';
  } catch {
    return false;
  }
}
