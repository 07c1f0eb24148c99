// The list of cases: who waits, how long, in which language; claim at the end of each row.

import { find, icon, isolate, make, say } from './page.js';

const LONG = 60; // Minutes after which waiting turns red and gets a triangle.
const queue = find('queue');

const minutesSince = time => Math.max(0, Math.floor((Date.now() - new Date(time)) / 60_000));

export const waitWords = time => durationWords(minutesSince(time));

export function durationWords(minutes) {
  const hours = Math.floor(minutes / 60);
  if (minutes < 1) return say('now');
  if (hours < 1) return say('minutes', { minutes });
  if (hours < 48) return say('hours', { hours, minutes: minutes % 60 });
  return say('days', { days: Math.floor(hours / 24), hours: hours % 24 });
}

const CHANNELS = { web: 'Web', telegram: 'Telegram', whatsapp: 'WhatsApp' };
export const channelName = channel => CHANNELS[channel] ?? channel;
export const caseName = id => say('case', { id: String(id).slice(0, 8) });

const TABS = {
  // Cases others have taken stay in sight, after those that wait.
  open: row => row.state === 'open' || (row.state === 'claimed' && !row.mine),
  mine: row => row.state === 'claimed' && row.mine,
  closed: row => row.state === 'closed',
};

export function rowsOf(cases, tab) {
  return [...cases.values()].filter(TABS[tab]).sort(tab === 'closed' ? newestFirst : longestFirst);
}

const rank = row => (row.state === 'open' ? 0 : 1) * 2 + (row.urgent ? 0 : 1);
const longestFirst = (a, b) => rank(a) - rank(b) || new Date(a.waiting_since) - new Date(b.waiting_since);
const newestFirst = (a, b) => new Date(b.waiting_since) - new Date(a.waiting_since);

export function showQueue(cases, tab, openId) {
  const focused = document.activeElement?.closest?.('.case')?.dataset.id;
  const rows = rowsOf(cases, tab);
  queue.replaceChildren(...rows.map(row => caseRow(row, String(row.id) === openId)));
  if (focused) linkOf(focused)?.focus({ preventScroll: true });
  find('empty').hidden = rows.length > 0;
  find('empty-title').textContent = say(`none_${tab}`);
  find('empty-text').textContent = say(`none_${tab}_more`);
  showCounts(cases, tab);
}

function showCounts(cases, tab) {
  const waiting = [...cases.values()].filter(row => row.state === 'open').length;
  find('count-open').textContent = waiting || '';
  const mine = rowsOf(cases, 'mine');
  const unread = mine.reduce((sum, row) => sum + (row.unread || 0), 0);
  find('count-mine').textContent = [mine.length || '', unread ? say('unread', { count: unread }) : ''].filter(Boolean).join(' · ');
  document.title = waiting ? `(${waiting}) ${say('title')}` : say('title');
  find('tabs').querySelectorAll('button').forEach(button => button.setAttribute('aria-pressed', String(button.dataset.tab === tab)));
}

export const linkOf = id => queue.querySelector(`[data-id="${CSS.escape(id)}"] .case__link`);

function caseRow(row, isOpen) {
  const looks = ['case', isOpen && 'case--open', row.urgent && 'case--urgent', row.state === 'claimed' && !row.mine && 'case--taken'];
  return make('li', { class: looks.filter(Boolean).join(' '), 'data-id': row.id },
    meta(row),
    make('a', { class: 'case__link', href: `#case/${encodeURIComponent(row.id)}`, 'aria-current': isOpen && 'true' },
      make('span', { class: 'case__said', dir: 'auto', lang: row.question ? row.locale : undefined }, row.question || say('no_question'))),
    rowEnd(row));
}

function meta(row) {
  const line = make('p', { class: 'case__meta' });
  if (row.urgent) line.append(make('span', { class: 'badge badge--bad' }, icon('warn'), say('urgent')));
  line.append(make('span', { class: 'badge badge--info', lang: row.locale }, row.locale_name), isolate(channelName(row.channel)));
  if (row.state !== 'closed') line.append(waiting(row));
  if (row.unread && row.mine) line.append(make('span', { class: 'badge badge--ok' }, say('unread', { count: row.unread })));
  return line;
}

function waiting(row) {
  const isLong = minutesSince(row.waiting_since) >= LONG;
  return make('span', { class: `case__wait${isLong ? ' case__wait--long' : ''}`, 'data-since': row.waiting_since },
    icon(isLong ? 'warn' : 'clock'), make('span', { class: 'sr' }, say('waits'), ' '), make('span', {}, waitWords(row.waiting_since)));
}

function rowEnd(row) {
  if (row.state === 'open') return make('button', { class: 'btn btn--main', type: 'button', 'data-claim': row.id }, say('claim'));
  if (row.state === 'closed') return make('span', { class: 'badge' }, icon('tick'), say('closed'));
  if (row.mine) return make('span', { class: 'badge badge--ok' }, icon('tick'), say('yours'));
  return make('span', { class: 'badge' }, icon('lock'), isolate(row.claimed_by, 'auto'));
}

// The minutes pass also when nothing else happens. Only the words change, so that focus and scrolling stay.
export function passTime() {
  queue.querySelectorAll('[data-since]').forEach(element => {
    const isLong = minutesSince(element.dataset.since) >= LONG;
    element.classList.toggle('case__wait--long', isLong);
    element.querySelector('use').setAttribute('href', isLong ? '#warn' : '#clock');
    element.lastElementChild.textContent = waitWords(element.dataset.since);
  });
}

export function step(direction) {
  const links = [...queue.querySelectorAll('.case__link')];
  const here = links.indexOf(document.activeElement);
  links[Math.min(Math.max(here + direction, 0), links.length - 1)]?.focus();
}
