// Makes the site of docs/zh and docs/en: two books, with the files of the repository that they link to, and an index for search.js.
//
//   node docs/site/build.js MDBOOK FOLDER    FOLDER is emptied first
//
// The table of contents is docs/LANGUAGE/README.md. Exit code 1 if mdBook warns, or if a link or an anchor leads nowhere.
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path').posix;

const root = path.join(__dirname, '../..');
const [mdbook, site] = process.argv.slice(2);

const BOOKS = {
  zh: {
    folder: '',
    readme: 'README.zh-CN.md',
    title: 'wechatpay-mock 文档',
    description: '微信支付 APIv3 的本地模拟网关：验签、回调、故障注入、时钟。',
    lang: 'zh-CN',
    other: 'en',
    link: '中文',
    search: '搜索',
    files: '仓库里的文件',
    rest: '仓库',
    // What mdBook says in English only.
    words: {
      'Toggle Table of Contents': '目录',
      'Table of contents': '目录',
      'Change theme': '更换配色',
      Themes: '配色',
      '>Auto<': '>跟随系统<',
      '>Light<': '>浅色<',
      '>Navy<': '>深色<',
      'Page navigation': '翻页',
      'Previous chapter': '上一页',
      'Next chapter': '下一页',
      'Keyboard shortcuts': '快捷键',
      'Press <kbd>←</kbd> or <kbd>→</kbd> to navigate between chapters': '<kbd>←</kbd>、<kbd>→</kbd> 翻页',
      'Press <kbd>?</kbd> to show this help': '<kbd>?</kbd> 显示快捷键',
      'Press <kbd>Esc</kbd> to hide this help': '<kbd>Esc</kbd> 关闭',
    },
  },
  en: {
    folder: 'en/',
    readme: 'README.md',
    title: 'wechatpay-mock',
    description: 'A local mock of the WeChat Pay APIv3 gateway: signatures, callbacks, faults, clock.',
    lang: 'en',
    other: 'zh',
    link: 'English',
    search: 'Search',
    files: 'Files in the repository',
    rest: 'Repository',
    words: { '>Navy<': '>Dark<' },
  },
};

const problems = [];
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file && fs.existsSync(path.join(root, file)));

function write(file, content) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

/** The book that has this page of the repository. */
const bookOf = (page) => (page.startsWith('docs/zh/') || page.endsWith('.zh-CN.md') ? 'zh' : 'en');

/** Where a page is in its book, as Markdown: pages from outside of `docs/` come below `repository/`. */
function placeOf(page) {
  const book = bookOf(page);
  if (page.startsWith(`docs/${book}/`)) return page.slice(`docs/${book}/`.length);
  if (page === BOOKS[book].readme) return 'about.md';
  return `repository/${page.replace(/(\.zh-CN)?\.md$/, '').replace(/\/README$/, '')}.md`;
}

/** Where a page is on the site. */
const urlOf = (page) => BOOKS[bookOf(page)].folder + placeOf(page).replace(/README\.md$/, 'index.md').replace(/md$/, 'html');

/** The text with each link replaced. Code has none. */
function replaceLinks(text, replace) {
  let isCode = false;
  const lines = text.split('\n').map((line) => {
    if (/^\s*```/.test(line)) isCode = !isCode;
    if (isCode) return line;
    // In a line, code is between backticks.
    return line.split(/(`+[^`]*`+)/).map((part, at) => (at % 2 ? part : part.replace(/(\]\()([^()\s]+)(\))/g, (all, begin, link, end) => begin + replace(link) + end))).join('');
  });
  return lines.join('\n');
}

/** Files and folders of the repository to show, which are neither pages nor images. */
const files = new Set();

/** Where a link of a page leads on the site. `found` gets the pages. */
function target(link, page, from, found) {
  if (/^[a-z]+:|^#/.test(link)) return link;
  const [file, anchor] = link.split('#');
  const linked = path.join(path.dirname(page), decodeURI(file));
  let url;
  if (!fs.existsSync(path.join(root, linked))) {
    problems.push(`${page}: expected a file at ${link}, found none`);
    return link;
  } else if (linked.endsWith('.md')) {
    found(linked);
    url = urlOf(linked);
  } else if (linked.startsWith('docs/') || linked === 'llms.txt') {
    url = linked.replace('docs/', '');
  } else {
    files.add(linked);
    url = `files/${linked}${fs.statSync(path.join(root, linked)).isDirectory() ? '/index.html' : ''}`;
  }
  return path.relative(path.dirname(from), url) + (anchor ? `#${anchor}` : '');
}

/** The table of contents as mdBook wants it: the headings and links of the book's first page. */
function summary(name, pages) {
  const first = `docs/${name}/README.md`;
  const listed = new Set([first, BOOKS[name].readme]);
  const entry = (page, text = title(page), indent = '') => listed.add(page) && `${indent}- [${text}](${placeOf(page)})`;
  const parts = [['# Summary', `[${title(first)}](README.md)`, `[${title(BOOKS[name].readme)}](about.md)`]];
  let part;
  for (const line of read(first).split('\n')) {
    const [, level, heading] = /^(##|###) ([^:：]+)/.exec(line) ?? [];
    if (level === '##') parts.push([`# ${(part = heading)}`]);
    if (level === '###') parts.push([`# ${part}${name === 'zh' ? '：' : ': '}${heading}`]);
    if (!line.startsWith('- ')) continue;
    // More links in the same line are pages below the first.
    [...line.matchAll(/\[([^\]]+)\]\(([^()#]+\.md)\)/g)]
      .map(([, text, link]) => [path.join(path.dirname(first), link), text])
      .filter(([page]) => bookOf(page) === name)
      .forEach(([page, text], at) => parts.at(-1).push(entry(page, text, at ? '  ' : '')));
  }
  const others = pages.filter((page) => !listed.has(page));
  for (const page of others.filter((one) => one.startsWith('docs/'))) problems.push(`${page}: expected it in ${first}, found no link`);
  const rest = others.filter((one) => !one.startsWith('docs/')).sort();
  parts.push([`# ${BOOKS[name].rest}`, ...rest.map((page) => entry(page))]);
  // A heading above nothing but other headings is in theirs.
  const filled = parts.filter((lines) => lines.length > 1);
  return filled.map(([heading, ...lines]) => `${heading}\n\n${lines.join('\n')}\n`).join('\n');
}

const title = (page) => /^# (.+)$/m.exec(read(page))[1];

/** Writes the books' Markdown, with links that are right on the site. Returns the pages of each. */
function stage(staged) {
  const pages = { zh: [], en: [] };
  const queue = tracked.filter((file) => /^docs\/(zh|en)\/.*\.md$/.test(file)).concat(Object.values(BOOKS).map((book) => book.readme));
  const found = (page) => queue.includes(page) || queue.push(page);
  for (const page of queue) {
    const name = bookOf(page);
    pages[name].push(page);
    const text = replaceLinks(read(page), (link) => target(link, page, urlOf(page), found)).replace(/^<!--.*?-->\n/gm, '');
    write(path.join(staged, name, 'src', placeOf(page)), text);
  }
  for (const [name, book] of Object.entries(BOOKS)) {
    fs.cpSync(path.join(__dirname, 'theme'), path.join(staged, name, 'theme'), { recursive: true });
    for (const file of ['book.toml', 'site.css', 'search.js']) fs.copyFileSync(path.join(__dirname, file), path.join(staged, name, file));
    write(path.join(staged, name, 'src/SUMMARY.md'), summary(name, pages[name]));
    const result = spawnSync(mdbook, ['build', '--dest-dir', path.resolve(site, book.folder), path.join(staged, name)], {
      encoding: 'utf8',
      env: { ...process.env, MDBOOK_BOOK__TITLE: book.title, MDBOOK_BOOK__DESCRIPTION: book.description, MDBOOK_BOOK__LANGUAGE: book.lang },
    });
    if (result.error) throw result.error;
    if (result.status !== 0 || /WARN|ERROR/.test(result.stderr)) problems.push(`docs/${name}: mdBook:\n${result.stderr}`);
  }
  return pages;
}

/** Copies what pages show of the repository. A folder gets a list of its files. */
function copyFiles() {
  fs.cpSync(path.join(root, 'docs/images'), path.join(site, 'images'), { recursive: true });
  for (const file of files) {
    const within = tracked.filter((one) => one === file || one.startsWith(`${file}/`));
    for (const one of within) write(path.join(site, 'files', one), fs.readFileSync(path.join(root, one)));
    if (!within.includes(file)) {
      const items = within.map((one) => one.slice(file.length + 1)).map((one) => `<li><a href="${encodeURI(one)}">${one}</a></li>`);
      write(path.join(site, 'files', file, 'index.html'), `<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${file}</title></head><body><h1>${file}</h1><ul>${items.join('\n')}</ul></body></html>\n`);
    }
  }
}

/** llms.txt with links of the site, and the data that it names. */
function copyForAssistants() {
  write(path.join(site, 'llms.txt'), replaceLinks(read('llms.txt'), (link) => target(link, 'llms.txt', 'llms.txt', () => {})));
  fs.copyFileSync(path.join(root, 'docs/llms.json'), path.join(site, 'llms.json'));
}

const plain = (html) => html.replace(/<[^>]*>/g, ' ').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#x27;|&#39;/g, "'").replace(/&amp;/g, '&').replace(/\s+/g, ' ').trim();

/** The sections of a page: [link, title of the page, heading, text]. */
function sections(url, html) {
  const main = /<main>(.*)<\/main>/s.exec(html)[1];
  const [, ...parts] = main.split(/(?=<h[1-6] id=")/);
  let page;
  return parts.map((part) => {
    const [, id, heading, text] = /^<h[1-6] id="([^"]*)">(.*?)<\/h[1-6]>(.*)$/s.exec(part);
    page ??= plain(heading);
    return [`${url}#${id}`, page, plain(heading), plain(text)];
  });
}

/** Adds to each page what mdBook does not know: the other language, and the search. Writes the index of each book. */
function finish(pages) {
  const exists = new Set(Object.values(pages).flat().map(urlOf));
  for (const [name, book] of Object.entries(BOOKS)) {
    const index = [];
    const unused = new Set(Object.keys(book.words));
    const other = BOOKS[book.other];
    const replaceAll = (html, words) => Object.entries(words).reduce((text, [from, to]) => {
      if (text.includes(from)) unused.delete(from);
      return text.replaceAll(from, to);
    }, html);
    // The pages in the order of their numbers in the index must not depend on the machine.
    for (const url of pages[name].map(urlOf).sort()) {
      const file = path.join(site, url);
      // A page that is not in the table of contents, which is a problem noted before.
      if (!fs.existsSync(file)) continue;
      const within = url.slice(book.folder.length);
      let html = fs.readFileSync(file, 'utf8');
      index.push(...sections(within, html));
      const sibling = exists.has(other.folder + within) ? other.folder + within : `${other.folder}index.html`;
      const relative = path.relative(path.dirname(url), sibling);
      const [shell, ...rest] = html.split(/(?=<main>)/);
      const [main, foot] = rest.join('').split(/(?<=<\/main>)/);
      html = replaceAll(shell, book.words) + main + replaceAll(foot, book.words);
      const bar = '<div class="right-buttons">';
      if (!html.includes(bar)) problems.push(`${url}: expected ${bar}, found none; mdBook has changed`);
      html = html
        .replace(bar, `${bar}<button id="search-open" class="icon-button" type="button" title="${book.search} (/)" aria-label="${book.search}"><svg viewBox="0 0 24 24"><circle cx="10" cy="10" r="7"/><path d="m15.5 15.5 6 6"/></svg></button><a class="language" href="${relative}" lang="${other.lang}" hreflang="${other.lang}">${other.link}</a>`)
        .replace('</head>', `<link rel="alternate" hreflang="${other.lang}" href="${relative}"></head>`);
      fs.writeFileSync(file, html);
    }
    for (const word of unused) problems.push(`docs/${name}: expected "${word}" on the pages, found none; mdBook has changed`);
    // A script, because pages read from a disk may not fetch.
    write(path.join(site, book.folder, 'search-index.js'), `window.searchIndex=${JSON.stringify(index)};\n`);
  }
}

/** Looks for what every link and anchor of the site names. */
function checkLinks() {
  const pages = fs.readdirSync(site, { recursive: true }).filter((file) => file.endsWith('.html'));
  const ids = new Map(pages.map((page) => [page, new Set()]));
  const texts = pages.map((page) => {
    const html = fs.readFileSync(path.join(site, page), 'utf8').replace(/<(script|template)\b.*?<\/\1>/gs, '');
    for (const [, id] of html.matchAll(/ id="([^"]*)"/g)) ids.get(page).add(id);
    return html;
  });
  let count = 0;
  pages.forEach((page, at) => {
    for (const [, link] of texts[at].matchAll(/ (?:href|src)="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      count += 1;
      const [file, anchor] = decodeURI(link.replaceAll('&amp;', '&')).split('#');
      const linked = file ? path.join(path.dirname(page), file) : page;
      if (!fs.statSync(path.join(site, linked), { throwIfNoEntry: false })?.isFile()) problems.push(`${page}: ${link}: no such file`);
      else if (anchor && ids.has(linked) && !ids.get(linked).has(anchor)) problems.push(`${page}: ${link}: no such heading`);
    }
  });
  return `${pages.length} pages, ${count} links`;
}

fs.rmSync(site, { recursive: true, force: true });
const staged = path.resolve(`${site}-source`);
fs.rmSync(staged, { recursive: true, force: true });
const pages = stage(staged);
copyFiles();
copyForAssistants();
finish(pages);
const checked = checkLinks();
for (const problem of new Set(problems)) console.error(problem);
console.log(`${site}: ${checked}, ${problems.length} problems`);
process.exitCode = problems.length ? 1 : 0;
