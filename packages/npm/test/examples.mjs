// Writes the files that a README shows into this folder, and the report that each shows: that of README.zh-CN.md to report.zh-CN.txt.
// `node examples.mjs README…`: all must show the same files.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

function examples(readme) {
  const text = readFileSync(readme, 'utf8');
  const [, report] = text.match(/```text\n([^]*?)```/);
  writeFileSync(basename(readme, '.md').replace('README', 'report') + '.txt', report);
  return [...text.matchAll(/<!-- file: (\S+) -->\n```js\n([^]*?)```/g)].map(([, name, content]) => [name, content]);
}

const [shown, ...others] = process.argv.slice(2).map(examples);
assert.equal(shown.length, 4);
for (const other of others) assert.deepEqual(other, shown);
for (const [name, content] of shown) writeFileSync(name, content);
