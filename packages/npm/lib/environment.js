'use strict';

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { basename, join } = require('node:path');
const tls = require('node:tls');
const { call } = require('./call.js');

// What a child process has of these already stays.
const ADDED_TO = ['NO_PROXY', 'no_proxy', 'NODE_OPTIONS', 'PHP_INI_SCAN_DIR', 'JAVA_TOOL_OPTIONS'];

/** Writes the files that the variables name into a new folder that only this user can enter. */
exports.prepare = async function prepare(url, credentials) {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-mock-'));
  const write = (name, content, encoding) => {
    const path = join(folder, basename(name));
    writeFileSync(path, content, encoding);
    return path;
  };
  try {
    const set = Object.fromEntries(ADDED_TO.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
    const program = { folder, authorities: tls.rootCertificates.join('\n'), set };
    const { variables, files } = await call(url, 'POST', '/environment', program);
    for (const [name, content] of Object.entries(files)) write(name, content, 'base64');
    for (const [name, value] of Object.entries(credentials)) {
      const isFile = value.startsWith('-----BEGIN');
      variables[`WECHATPAY_${name.toUpperCase()}`] = isFile ? write(`${name}.pem`, value) : value;
    }
    return { folder, variables };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
};
