import { h, show } from './dom.js';

/** @type {import('./app.js').View} */
export function phone(root) {
  show(root, h('p', { class: 'empty' }, 'phone'));
  return () => {};
}
