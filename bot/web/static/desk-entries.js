// "Send FAQ entry": search, see it in both languages, send it in the newcomer's.

import { succeeded } from './api.js';
import { findTopics } from './desk-api.js';
import { closeSheet, find, locale, make, openSheet, say } from './page.js';

const PAUSE = 200; // Milliseconds without a key before we search.
const sheet = find('entries');
const search = find('entry-search');
const list = find('entry-list');

let detail = null; // the case we search for
let send = () => {};
let timer;
let asked = 0;

export function openEntries(forCase, words, whenChosen) {
  detail = forCase;
  send = whenChosen;
  search.value = words;
  list.replaceChildren();
  openSheet(sheet);
  search.focus();
  lookUp();
}

search.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(lookUp, PAUSE);
});

async function lookUp() {
  const turn = ++asked;
  const answer = await findTopics(search.value.trim(), locale, detail.locale);
  if (turn !== asked) return; // a later search overtook this one
  if (!succeeded(answer)) return showNote(say('failed'));
  const topics = answer.body.topics;
  find('entry-count').textContent = topics.length;
  if (!topics.length) return showNote(say('no_entries'));
  list.replaceChildren(...topics.map(entry));
}

const showNote = text => list.replaceChildren(make('p', { role: 'status' }, text));

function entry({ id, title, lead, text, other }) {
  const isOther = other && other.locale !== locale;
  const words = text?.startsWith(`${title}\n\n`) ? text.slice(title.length + 2) : text; // the heading has said it
  const box = make('article', { class: 'twin' }, make('h3', {}, title), make('div', { class: 'twin__two' },
    side(locale, words || lead), isOther && side(other.locale, other.text || other.title)));
  if (other && !other.complete) box.append(make('p', { class: 'badge badge--old' }, say('entry_incomplete', { language: detail.locale_name })));
  const button = make('button', { class: 'btn btn--human', type: 'button' }, say('send_entry', { language: other?.complete === false ? languageName(other.locale) : detail.locale_name }));
  button.addEventListener('click', () => {
    closeSheet(sheet);
    send({ topic: id, label: title });
  });
  box.append(button);
  return box;
}

// A scrolling preview needs the keyboard too, so it can take focus.
const side = (lang, text) => make('div', { lang, dir: 'auto' }, make('p', { tabindex: '0' }, text));

function languageName(tag) {
  try {
    return new Intl.DisplayNames([locale], { type: 'language' }).of(tag);
  } catch {
    return tag;
  }
}
