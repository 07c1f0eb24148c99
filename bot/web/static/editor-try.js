// A message, and what the bot makes of it: nothing is kept, the text travels in the body and never in an address.

import { ask, succeeded } from './api.js';
import { onKeys } from './editor-page.js';
import { webReply } from './editor-preview.js';
import { find, icon, isolate, locale, make, say } from './page.js';

const csrf = document.querySelector('meta[name=csrf-token]').content;
const message = find('message');
let asked = 0;

find('ask').addEventListener('submit', event => {
  event.preventDefault();
  tryIt();
});

async function tryIt() {
  const turn = ++asked;
  note(say('waits'));
  const body = { text: message.value, lang: find('chosen').value, locale };
  const answer = await ask('POST', '/api/v1/editor/try', { headers: { 'X-CSRF-Token': csrf }, body });
  if (turn !== asked) return; // a later try overtook this one
  if (!succeeded(answer)) return note(say(answer.status === 401 ? 'logged_out' : 'failed'));
  note('');
  show(answer.body);
}

function note(text) {
  find('note').textContent = text;
  if (text) find('tried').hidden = true;
}

function show(tried) {
  const { verdict, limits } = tried;
  find('verdict').className = `badge badge--${verdict.look}`;
  find('verdict').replaceChildren(icon(verdict.icon), verdict.word);
  find('recognised').textContent = `${tried.language ? say('recognised', tried) : say('unsure')} · ${say('answers_in', { language: tried.answers_in })}`;
  find('rule').textContent = tried.rule;
  find('candidates').replaceChildren(...(tried.candidates.length ? tried.candidates.map((each, index) => candidate(each, index, limits)) : [make('li', {}, say('no_candidates'))]));
  find('limits').textContent = say('limits', limits);
  find('notes').replaceChildren(...tried.notes.map(line => make('li', {}, line)));
  find('says').replaceChildren(...(tried.replies.length ? tried.replies.map(reply => webReply(reply, tried.words[reply.lang])) : [make('p', {}, say('says_nothing'))]));
  find('tried').hidden = false;
}

function candidate({ id, title, confidence }, index, limits) {
  const meter = make('span', { class: 'meter', 'aria-hidden': 'true' });
  meter.style.setProperty('--value', `${confidence}%`);
  meter.style.setProperty('--limit', `${limits.answer}%`);
  return make('li', { class: index ? '' : 'meters__first' },
    make('a', { href: `/editor/topics/${id}` }, title), make('b', {}, isolate(String(confidence))), meter);
}

onKeys({ '/': event => { event.preventDefault(); message.focus(); } });
message.focus();
