// Makes elements. Text only ever becomes text nodes, so nothing from the journal is read as HTML.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {{ [name: string]: unknown }} Attributes */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. Functions become listeners (`onclick`), `true` an empty attribute; `false`, `null` and `undefined` are left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * An element of SVG.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes | null | undefined} attributes
 * @param {(Child | Child[])[]} children
 * @returns {E}
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') {
      element.addEventListener(name.replace(/^on/, ''), /** @type {EventListener} */ (value));
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...nodes(children));
  return element;
}

/** @param {(Child | Child[])[]} children */
function nodes(children) {
  return children
    .flat()
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/**
 * Replaces what is in an element.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function show(element, ...children) {
  element.replaceChildren(...nodes(children));
}

// Control and format characters (bidirectional ones above all), odd spaces, and what has no glyph.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u00a0\u115f\u1160\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u3164\ufe00-\ufe0f]/u;

/**
 * Text with its invisible characters shown by name, each in an element of its own, so that none acts on its neighbours.
 * @param {string} text
 * @param {{ lines?: boolean }} [options] with `lines`, line feeds break the line after their mark
 * @returns {Node[]}
 */
export function visible(text, { lines = false } = {}) {
  /** @type {Node[]} */
  const shown = [];
  let plain = '';
  const flush = () => {
    if (plain) shown.push(document.createTextNode(plain));
    plain = '';
  };
  for (const character of text) {
    if (!INVISIBLE.test(character)) {
      plain += character;
      continue;
    }
    flush();
    shown.push(mark(character));
    if (character === '\n' && lines) plain += '\n';
  }
  flush();
  return shown;
}

/** @type {{ [character: string]: string }} */
const NAMED = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\ufeff': 'BOM', '\u00a0': 'NBSP', '\u3000': 'U+3000' };

/** @param {string} character */
function mark(character) {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return h('span', { class: 'invisible', title: code }, NAMED[character] ?? code);
}

/**
 * A button.
 * @param {Child | Child[]} label
 * @param {() => unknown} act
 * @param {Attributes} [attributes]
 */
export function button(label, act, attributes) {
  return h('button', { type: 'button', onclick: () => void act(), ...attributes }, label);
}

/**
 * A link within the page.
 * @param {string} to such as `#/traffic/3`
 * @param {...Child} children
 */
export function link(to, ...children) {
  return h('a', { href: to }, ...children);
}
