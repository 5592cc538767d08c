import { h, show } from './dom.js';

/** @type {import('./app.js').View} */
export function controls(root) {
  show(root, h('p', { class: 'empty' }, 'controls'));
  return () => {};
}
