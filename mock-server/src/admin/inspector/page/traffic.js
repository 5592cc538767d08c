import { h, show } from './dom.js';

/** @type {import('./app.js').View} */
export function traffic(root) {
  show(root, h('p', { class: 'empty' }, 'traffic'));
  return () => {};
}
