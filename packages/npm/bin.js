#!/usr/bin/env node
'use strict';

const { spawn } = require('node:child_process');
const { isatty } = require('node:tty');
const { findBinary } = require('./lib/binary.js');

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

function fail(error) {
  console.error(`wechatpay-mock: ${error.message}`);
  process.exit(1);
}

function main() {
  const child = spawn(findBinary(), process.argv.slice(2), { stdio: 'inherit' });
  child.on('error', fail);
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal sends its signals to the child, too, and a second one would stop it at once.
      // Not process.stdin, which would make reads of the stdin that the child shares fail.
      const isFromTerminal = isatty(0) && signal !== 'SIGTERM';
      if (!isFromTerminal) child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code);
    for (const handled of signals) process.removeAllListeners(handled);
    process.kill(process.pid, signal);
  });
}

try {
  main();
} catch (error) {
  fail(error);
}
