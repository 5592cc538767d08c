// Searches the book: every section that contains all words. It compares text and needs no words to be told apart, so Chinese is found, too.
'use strict';

(() => {
  const isChinese = document.documentElement.lang.startsWith('zh');
  const text = isChinese
    ? { label: '搜索文档', none: '没有找到', close: '关闭' }
    : { label: 'Search the documentation', none: 'Nothing found', close: 'Close' };
  const SHOWN = 30;
  const FEW = 5;

  const dialog = document.createElement('dialog');
  dialog.id = 'find';
  dialog.innerHTML = '<form method="dialog"><input type="search" autocomplete="off" spellcheck="false"><button></button></form><p role="status"></p><ol></ol>';
  const [input, button, status, list] = dialog.querySelectorAll('input, button, p, ol');
  dialog.setAttribute('aria-label', text.label);
  input.placeholder = text.label;
  input.setAttribute('aria-label', text.label);
  button.textContent = text.close;
  document.body.append(dialog);

  /** The index, which is loaded when it is first needed. */
  let loading;
  const load = () =>
    (loading ??= new Promise((loaded, failed) => {
      const script = document.createElement('script');
      script.src = `${path_to_root}search-index.js`;
      script.onload = () =>
        loaded(window.searchIndex.map((section) => ({ section, page: section[1].toLowerCase(), heading: section[2].toLowerCase(), text: section[3].toLowerCase() })));
      script.onerror = failed;
      document.head.append(script);
    }));

  /** How well a section fits, or 0 if it has fewer of the words than needed. One in a heading counts more than one in the text. */
  function score({ section, page, heading, text: body }, words, needed) {
    const points = words.map((word) => (heading.includes(word) ? 20 : 0) + (page.includes(word) ? 10 : 0) + body.split(word, 6).length - 1).filter(Boolean);
    if (points.length < needed) return 0;
    // Tables of hundreds of rows contain nearly every word.
    return points.reduce((one, other) => one + other, 0) / Math.log(200 + body.length) / (/^(reference|repository)\//.test(section[0]) ? 2 : 1);
  }

  const find = (index, words, needed = words.length) =>
    index
      .map((one) => [score(one, words, needed), one.section])
      .filter(([points]) => points > 0)
      .sort(([one], [other]) => other - one)
      .slice(0, SHOWN)
      .map(([, section]) => section);

  /** The text around the first of the words, which are marked. */
  function excerpt(body, words) {
    const lower = body.toLowerCase();
    const place = words.map((word) => lower.indexOf(word)).find((at) => at >= 0);
    const begin = Math.max(0, (place ?? 0) - 30);
    const shown = body.slice(begin, begin + 120);
    return marked((begin ? '…' : '') + shown + (begin + 120 < body.length ? '…' : ''), words);
  }

  function marked(shown, words) {
    const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return shown.split(new RegExp(`(${escaped.join('|')})`, 'i')).map((part, at) => {
      if (at % 2 === 0) return part;
      const mark = document.createElement('mark');
      mark.textContent = part;
      return mark;
    });
  }

  function item([url, page, heading, body], words) {
    const link = document.createElement('a');
    link.href = path_to_root + url;
    link.append(...marked(heading === page ? page : `${page} › ${heading}`, words));
    const shown = document.createElement('p');
    shown.append(...excerpt(body, words));
    const one = document.createElement('li');
    one.append(link, shown);
    return one;
  }

  async function search() {
    const query = input.value;
    const index = await load();
    // Another letter may have been typed meanwhile.
    if (query !== input.value) return;
    let words = query.toLowerCase().split(/\s+/).filter(Boolean);
    let found = words.length ? find(index, words) : [];
    // Chinese without spaces may be several words, in another order: most of its pairs of characters do.
    const pairs = words.flatMap((word) => (/^\p{Script=Han}{3,}$/u.test(word) ? [...word].slice(1).map((character, at) => word[at] + character) : [word]));
    if (found.length < FEW && pairs.length > words.length) {
      found = [...new Set([...found, ...find(index, pairs, Math.ceil(pairs.length / 2))])].slice(0, SHOWN);
      words = [...words, ...pairs];
    }
    list.replaceChildren(...found.map((section) => item(section, words)));
    status.textContent = words.length && !found.length ? text.none : '';
  }

  function open() {
    if (dialog.open) return;
    void load();
    dialog.showModal();
    input.select();
  }

  input.addEventListener('input', () => void search());
  // Enter leads to the first; the arrows move between the box and the links.
  dialog.addEventListener('keydown', (event) => {
    // mdBook turns pages and shows its help by keys.
    event.stopPropagation();
    if (event.isComposing) return;
    const links = [input, ...list.querySelectorAll('a')];
    // A box for searches would only be emptied.
    if (event.key === 'Escape') dialog.close();
    else if (event.key === 'Enter' && event.target === input) {
      event.preventDefault();
      links[1]?.click();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      links.at((links.indexOf(event.target) + (event.key === 'ArrowDown' ? 1 : -1)) % links.length)?.focus();
    }
  });
  list.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('a')) dialog.close();
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.getElementById('search-open').addEventListener('click', open);
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
      event.preventDefault();
      open();
    }
  });
})();
