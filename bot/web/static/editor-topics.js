// Topics by language: search and filter, and arrow keys that walk through the fields like a table of numbers.

import { onKeys } from './editor-page.js';
import { find, say } from './page.js';

const matrix = find('matrix');
const rows = [...matrix.querySelectorAll('tr[data-words]')];
const wish = new URLSearchParams(location.search);
const fields = { words: find('words'), language: find('language'), state: find('state') };

for (const [name, field] of Object.entries(fields)) field.value = wish.get(name) ?? '';

function filter() {
  const words = fields.words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const language = fields.language.value;
  const state = fields.state.value;
  matrix.querySelectorAll('[data-language]').forEach(cell => { cell.hidden = Boolean(language) && cell.dataset.language !== language; });
  let shown = 0;
  for (const row of rows) {
    const fits = words.every(word => row.dataset.words.includes(word)) && (!state || row.querySelector(`[data-state="${state}"]:not([hidden])`));
    row.hidden = !fits;
    if (fits) shown += 1;
  }
  matrix.querySelectorAll('tbody').forEach(chapter => { chapter.hidden = !chapter.querySelector('tr[data-words]:not([hidden])'); });
  find('count').textContent = say('topics', { count: shown });
  find('nothing').hidden = shown > 0;
  matrix.parentElement.hidden = shown === 0;
  keepWish();
  setStop(stops()[0]?.[0]);
}

// The address keeps the search, so that the way back from an entry leads to the same list.
function keepWish() {
  const next = new URLSearchParams();
  for (const [name, field] of Object.entries(fields)) if (field.value) next.set(name, field.value);
  history.replaceState(null, '', next.size ? `?${next}` : location.pathname);
}

// ---- one field of the table is reached with Tab, the others with the arrow keys

const stops = () => rows.filter(row => !row.hidden).map(row => [...row.querySelectorAll('th a, td:not([hidden]) a')]);

function setStop(link) {
  matrix.querySelectorAll('a').forEach(each => { each.tabIndex = -1; });
  if (link) link.tabIndex = 0;
}

function step(event, down, right) {
  const link = event.target.closest?.('#matrix a');
  if (!link) return;
  event.preventDefault();
  const lines = stops();
  const line = lines.findIndex(each => each.includes(link));
  const place = lines[line].indexOf(link);
  const next = lines[line + down]?.[place + right];
  if (!next) return;
  setStop(next);
  next.focus();
}

matrix.addEventListener('focusin', event => { if (event.target.matches('a')) setStop(event.target); });

onKeys({
  '/': event => { event.preventDefault(); fields.words.focus(); },
  ArrowDown: event => step(event, 1, 0),
  ArrowUp: event => step(event, -1, 0),
  ArrowRight: event => step(event, 0, 1),
  ArrowLeft: event => step(event, 0, -1),
  Escape: () => { fields.words.value = ''; filter(); },
});

find('filters').addEventListener('input', filter);
find('filters').addEventListener('submit', event => {
  event.preventDefault();
  stops()[0]?.[0]?.focus();
});

filter();
