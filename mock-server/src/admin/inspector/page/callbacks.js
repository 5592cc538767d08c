import { h, show } from './dom.js';

/** @type {import('./app.js').View} */
export function callbacks(root) {
  show(root, h('p', { class: 'empty' }, 'callbacks'));
  return () => {};
}
