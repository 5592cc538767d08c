import { h, show } from './dom.js';

/** @type {import('./app.js').View} */
export function state(root) {
  show(root, h('p', { class: 'empty' }, 'state'));
  return () => {};
}
