// An answer in parts: the thing to do, then facts, papers, steps, doubts, whom to call, and where it comes from.

import { dateWords, icon, isolate, locale, make, say } from './page.js';
import { linked, mapAddress, telAddress, webAddress } from './links.js';

const rich = text => linked(text, { short: true });
const heading = key => make('h3', {}, say(key));
const CONTACTS = 2; // More of them would push source and date out of sight.

export function answerCard(card) {
  const article = make('article', { class: 'card' }, make('h2', {}, ...rich(card.title)), make('p', { class: 'do' }, ...doubtful({ text: card.lead, doubt: card.lead_doubt })));
  if (card.facts?.length) article.append(facts(card.facts));
  if (card.bring?.length) article.append(heading('bring'), make('ul', { class: 'bring' }, ...card.bring.map(paper)));
  if (card.steps?.length) article.append(heading('steps'), make('ol', { class: 'steps' }, ...card.steps.map(line => make('li', {}, ...doubtful(line)))));
  for (const notice of [card.stale, card.gaps]) if (notice) article.append(doubts(notice));
  if (card.doubts) article.append(doubts(card.doubts));
  const contacts = card.contacts ?? [];
  const first = contacts.find(each => each.phone); // one main button: whom to call first
  article.append(...contacts.slice(0, CONTACTS).map(each => contact(each, each === first)));
  const rest = contacts.slice(CONTACTS);
  if (card.more?.length || rest.length) article.append(more(card.more ?? [], rest.map(each => contact(each, each === first))));
  article.append(source(card));
  return article;
}

function facts(list) {
  return make('dl', { class: 'facts' }, ...list.map(fact => make('div', {}, make('dt', {}, fact.label), make('dd', {}, isolate(fact.value, 'auto')))));
}

const paper = line => make('li', {}, icon('doc'), make('span', {}, ...doubtful(line)));

function doubtful(line) {
  const parts = rich(line.text);
  return line.doubt ? [...parts, make('small', {}, say('please_check'))] : parts;
}

function doubts(sentence) {
  return make('p', { class: 'check' }, icon('warn'), make('span', { dir: 'auto' }, ...rich(sentence)));
}

function contact({ name, address, phone, phone_text: shown, web, note, hours, today, geo }, isMain) {
  const box = make('div', { class: 'contact' }, make('p', { class: 'contact__name' }, isolate(name, 'auto')));
  if (address) box.append(row('pin', geo ? make('a', { href: mapAddress(geo), target: '_blank', rel: 'noopener noreferrer', title: say('map') }, isolate(address)) : isolate(address)));
  if (hours?.length) box.append(row('clock', make('span', {}, ...hours.flatMap((line, index) => (index ? [make('br'), line] : [line])))));
  if (today) box.append(row('clock', make('strong', { dir: 'auto' }, today)));
  const page = web && webAddress(web);
  if (page) box.append(row('link', make('a', { href: page, target: '_blank', rel: 'noopener noreferrer' }, isolate(web.replace(/^https?:\/\//, '').replace(/\/$/, '')))));
  if (note) box.append(row('warn', make('span', { dir: 'auto' }, ...rich(note)), ' contact__row--doubt'));
  const number = phone && telAddress(phone);
  if (number) box.append(callButton(number, isolate(shown ?? phone), isMain));
  return box;
}

const row = (name, content, look = '') => make('p', { class: `contact__row${look}` }, icon(name), content);

const callButton = (number, content, isMain) =>
  make('a', { class: `btn btn--wide${isMain ? ' btn--main' : ''}`, href: number }, icon('phone'), content);

function more(lines, contacts) {
  return make('details', { class: 'more' }, make('summary', {}, icon('chev', 'i--flip'), say('more')),
    ...lines.map(line => make('p', {}, ...doubtful(line))), ...contacts);
}

function source(card) {
  const box = make('p', { class: 'src' });
  const [before, after] = say('source').split('{source}'); // legal references keep their own direction in any sentence
  if (card.source) box.append(before, make('bdi', { dir: 'auto' }, ...linked(card.source)), after, make('br'));
  if (card.checked) box.append(isolate(say('checked', { date: dateWords(card.checked) }), 'auto'));
  return box;
}

export function emergencyCard(card) {
  const others = (card.other ?? []).map(each => callButton(telAddress(each.number), make('span', {}, `${each.label}: `, isolate(each.number)), false));
  return make('section', { class: 'sos', role: 'alert' },
    make('h2', {}, ...isolatedNumbers(card.title)),
    make('a', { class: card.number.length > 7 ? 'call call--long' : 'call', href: telAddress(card.dial ?? card.number) }, icon('phone'), isolate(card.number), make('small', {}, card.number_label)),
    make('ol', {}, ...(card.lines ?? []).map(line => make('li', {}, ...rich(line)))),
    others.length > 0 && make('div', { class: 'too', lang: locale, dir: document.documentElement.dir }, make('p', {}, say('or_call')), ...others));
}

// The number in the heading is not a second link: the button under it is the one thing to press.
const isolatedNumbers = text => text.split(/(\d[\d ]*\d)/).map((part, index) => (index % 2 ? isolate(part) : part));
