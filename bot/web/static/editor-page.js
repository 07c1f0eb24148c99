// What the editors' pages share: the sheet of keys, and keys that act unless somebody types.

import { closeSheet, find, openSheet } from './page.js';

const acts = { '?': () => openSheet(find('keys')) };

// What single keys do on this page: {key: event => …}.
export const onKeys = more => Object.assign(acts, more);

// A field that is typed in keeps its keys, but for Escape.
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector('dialog[open]')) return;
  if (event.target.matches('input, select, textarea') && event.key !== 'Escape') return;
  acts[event.key]?.(event);
});

find('keys').querySelector('[data-closes]').addEventListener('click', () => closeSheet(find('keys')));
