// A registry for npm on a free loopback port: it serves the packages whose archives are in a folder, and leads to the usual
// registry for all others. Prints its URL; ends with stdin. `node registry.mjs FOLDER URL`
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder, usual] = process.argv.slice(2);

const archives = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
const packages = {};
for (const file of archives) {
  const manifest = JSON.parse(execFileSync('tar', ['-xOzf', join(folder, file), 'package/package.json']));
  const integrity = `sha512-${createHash('sha512').update(readFileSync(join(folder, file))).digest('base64')}`;
  packages[manifest.name] = { file, manifest, integrity };
}

const server = createServer((request, response) => {
  const name = decodeURIComponent(request.url.slice(1));
  if (archives.includes(name)) {
    response.end(readFileSync(join(folder, name)));
  } else if (packages[name]) {
    const { file, manifest, integrity } = packages[name];
    const version = { ...manifest, dist: { tarball: `${url}/${file}`, integrity } };
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ name, 'dist-tags': { latest: manifest.version }, versions: { [manifest.version]: version } }));
  } else if (name.startsWith('@wechatpay-mock/') || name === 'wechatpay-mock') {
    response.writeHead(404).end('{}');
  } else {
    response.writeHead(302, { Location: new URL(request.url, usual).href }).end();
  }
});

let url;
server.listen(0, '127.0.0.1', () => {
  url = `http://127.0.0.1:${server.address().port}`;
  console.log(url);
});
process.stdin.on('end', () => process.exit()).resume();
