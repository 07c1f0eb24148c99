// The case card: what the chatbot understood, how sure it was, and why it called a person.

import { caseName, channelName, durationWords, waitWords } from './desk-queue.js';
import { clockTime, dayName, find, make, say } from './page.js';

export function showCard(detail, pickEntry) {
  const content = find('card-template').content.cloneNode(true);
  const slot = name => content.querySelector(`[data-slot=${name}]`);
  const { candidates = [], reason } = detail.understood ?? {};
  const isMine = detail.mine && detail.state === 'claimed';
  slot('candidates').append(...(candidates.length ? candidates.map(each => candidate(each, isMine, pickEntry)) : [make('li', {}, say('no_candidates'))]));
  slot('rule').textContent = reason ?? '';
  slot('pairs').append(...pairs(detail));
  content.querySelector('[data-releases]').hidden = !isMine;
  find('card').replaceChildren(content);
}

function candidate({ title, confidence }, isMine, pickEntry) {
  const fill = make('i');
  fill.style.inlineSize = `${confidence}%`;
  const row = make('li', {}, make('span', {}, title), make('b', {}, `${confidence} %`), make('span', { class: 'bar', 'aria-hidden': 'true' }, fill));
  if (!isMine) return row;
  const button = make('button', { class: 'btn', type: 'button' }, say('candidate_sends'));
  button.addEventListener('click', () => pickEntry(title));
  row.append(button);
  return row;
}

function pairs(detail) {
  const since = new Date(detail.waiting_since);
  const rows = [['language', detail.locale_name], ['channel', channelName(detail.channel)], ['since', `${dayName(since)}, ${clockTime(since)}`]];
  return rows.flatMap(([phrase, value]) => [make('dt', {}, say(phrase)), make('dd', {}, value)]);
}

// Whose channel closes its door: until when it takes words, and what happens to those that come later.
export function doorWords({ door }) {
  if (!door) return '';
  const until = new Date(door.open_until);
  const left = Math.floor((until - Date.now()) / 60_000);
  if (left > 0) return say('door_open', { time: moment(until), left: durationWords(left) });
  const knocked = door.knocked_at ? say('door_knocked', { time: moment(new Date(door.knocked_at)) }) : '';
  const failed = door.not_knocked ? say('door_not_knocked', { why: door.not_knocked }) : '';
  return [say('door_closed'), knocked || failed].filter(Boolean).join(' ');
}

const moment = date => `${dayName(date)}, ${clockTime(date)}`;

export function showHead(detail) {
  find('talk-title').textContent = caseName(detail.id);
  const parts = [detail.locale_name, channelName(detail.channel), detail.state === 'closed' ? say('closed') : waitWords(detail.waiting_since)];
  if (detail.unreachable) parts.unshift(say('unreachable'));
  find('talk-sub').textContent = parts.join(' · ');
}
