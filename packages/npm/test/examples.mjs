// Writes the files that a README shows into this folder, and its report to report.txt. `node examples.mjs README…`: all must show the
// same.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';

function examples(readme) {
  const text = readFileSync(readme, 'utf8');
  const files = [...text.matchAll(/<!-- file: (\S+) -->\n```js\n([^]*?)```/g)].map(([, name, content]) => [name, content]);
  const [, report] = text.match(/```text\n([^]*?)```/);
  return [...files, ['report.txt', report]];
}

const [shown, ...others] = process.argv.slice(2).map(examples);
assert.equal(shown.length, 5);
for (const other of others) assert.deepEqual(other, shown);
for (const [name, content] of shown) writeFileSync(name, content);
