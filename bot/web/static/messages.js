// The log: builds each message, keeps order and day lines, and moves the page only for people who are at its end.

import { clockTime, dayKey, dayName, find, icon, isolate, make, say } from './page.js';
import { answerCard, emergencyCard } from './card.js';
import { linked } from './links.js';

const log = find('log');
const newer = find('newer');
const END = 96; // Pixels from the end that still count as being there.
const QUIET = 600; // The replay after loading is over when nothing came for this long.

const known = new Map(); // message id or client_id -> element
let replaying = false;
let calm;

newer.addEventListener('click', () => {
  newer.hidden = true;
  log.lastElementChild?.scrollIntoView({ block: 'start' });
});
window.addEventListener('scroll', () => { if (isAtEnd()) newer.hidden = true; }, { passive: true });

// While old messages come back, a screen reader stays silent and the page jumps to the end once.
export function startReplay() {
  replaying = true;
  log.setAttribute('aria-live', 'off');
}

// From the moment the line stands, and again with each message: a slow phone may wait long for the first one.
export function settleReplay() {
  clearTimeout(calm);
  if (replaying) calm = setTimeout(endReplay, QUIET);
}

function endReplay() {
  clearTimeout(calm);
  replaying = false;
  log.setAttribute('aria-live', 'polite');
}

export function clearLog() {
  endReplay();
  known.clear();
  log.replaceChildren();
  newer.hidden = true;
}

// Shows a message of the stream, once.
export function show(message) {
  if (known.has(message.id)) return;
  const mine = message.client_id && known.get(message.client_id);
  if (mine) return adopt(mine, message);
  const follow = isAtEnd();
  const element = message.from === 'newcomer' ? ownMessage(message.text, new Date(message.at)) : othersMessage(message);
  known.set(message.id, element);
  if (message.client_id) known.set(message.client_id, element);
  if (message.from !== 'newcomer') quietOlderButtons();
  place(element, new Date(message.at));
  if (message.from === 'newcomer') setState(message.client_id, 'sent', {});
  reveal(element, follow);
}

// Shows what was just typed or tapped, before the server knows it.
export function showPending(item) {
  const at = new Date(item.at);
  const element = ownMessage(item.text ?? item.label, at);
  element.dataset.pending = item.client_id;
  if (item.button && !/^(?:topic|more|link):/.test(item.button)) element.dataset.unechoed = '';
  known.set(item.client_id, element);
  place(element, at);
  scrollToEnd();
}

export function removePending(clientId) {
  known.get(clientId)?.remove();
  known.delete(clientId);
}

function adopt(element, message) {
  known.set(message.id, element);
  delete element.dataset.pending;
  element.querySelector('.bubble').replaceChildren(...paragraphs(message.text, text => [text]));
  setState(message.client_id, 'sent', {});
}

const STATES = {
  sending: [null, 'sending'],
  sent: ['tick', 'sent'],
  offline: ['clock', 'offline'],
  later: ['clock', 'later'],
  stuck: ['warn', 'not_sent'],
  refused: ['warn', 'refused'],
};

// The state under an own message, in words and with an icon; when it failed, with what to do: {again, remove, change}.
export function setState(clientId, state, acts) {
  const element = known.get(clientId);
  if (!element) return;
  if (state === 'sent') delete element.dataset.pending;
  const [symbol, phrase] = STATES[state];
  const line = element.querySelector('.sent');
  line.className = state === 'stuck' || state === 'refused' ? 'sent sent--bad' : 'sent';
  line.replaceChildren(say(phrase), symbol ? icon(symbol) : '', make('time', {}, isolate(element.dataset.clock)));
  const wanted = Object.entries(acts).filter(([, act]) => act);
  if (wanted.length) line.append(make('span', { class: 'sent__what' }, ...wanted.map(([name, act]) => action(name, act))));
}

function action(phrase, act) {
  const button = make('button', { class: 'btn', type: 'button' }, say(phrase));
  button.addEventListener('click', act);
  return button;
}

function ownMessage(text, at) {
  // Changes of state are no news for the log; failures are announced by the strip above the text box.
  const element = make('div', { class: 'msg msg--me' },
    make('div', { class: 'bubble' }, ...paragraphs(text, line => [line])),
    make('p', { class: 'sent', 'aria-live': 'off' }));
  element.dataset.clock = clockTime(at);
  return element;
}

function othersMessage(message) {
  const element = make('div', { class: message.from === 'lotse' ? 'msg msg--lotse' : 'msg' }, sender(message), content(message));
  if (message.lang) speaks(element, message.lang);
  if (message.card?.lang) speaks(element.lastElementChild, message.card.lang); // an entry that is missing in this language comes in German
  const isQuestion = message.decision === 'clarify' && element.querySelector('.bubble');
  const buttons = (message.buttons ?? []).filter(button => !(message.card?.more?.length && button.id.startsWith('more:'))); // the card unfolds it already
  if (buttons.length) (isQuestion || element).append(buttonList(buttons, isQuestion));
  return element;
}

function sender(message) {
  const time = make('time', { datetime: message.at }, isolate(clockTime(new Date(message.at))));
  if (message.from !== 'lotse') return make('p', { class: 'who' }, `${say(message.decision === 'clarify' ? 'bot_asks' : 'bot_label')} · `, time);
  const name = message.name ? say('lotse_named', { name: message.name }) : say('lotse_label');
  return make('p', { class: 'who' }, make('span', { class: 'seal' }, icon('person')), isolate(name, 'auto'), ' · ', time);
}

function content(message) {
  if (message.card?.emergency) return emergencyCard(message.card);
  if (message.card) return answerCard(message.card);
  const urgent = message.decision === 'emergency';
  return make('div', { class: urgent ? 'sos' : 'bubble', role: urgent && 'alert' },
    ...paragraphs(message.text, line => linked(line, { short: urgent })));
}

function paragraphs(text, inline) {
  return text.split(/\n{2,}/).map(part => make('p', { dir: 'auto' }, ...inline(part)));
}

function buttonList(buttons, isChoice) {
  return make('ul', { class: isChoice ? 'choices' : 'chips', 'aria-label': say('choices'), 'data-buttons': true },
    ...buttons.map(button => make('li', {}, choice(button, isChoice))));
}

// Which button was tapped is read from its data by chat.js: one listener for the whole page.
function choice({ id, label }, isChoice) {
  if (id === 'person') return make('button', { class: 'btn btn--human', type: 'button', 'data-send': id }, icon('person'), label);
  if (!isChoice) return make('button', { class: 'btn', type: 'button', 'data-send': id }, label);
  if (id === 'none') return make('button', { class: 'btn none', type: 'button', 'data-send': id }, icon('cross'), label);
  return make('button', { class: 'btn', type: 'button', 'data-send': id }, make('span', {}, label), icon('chev', 'i--flip'));
}

const quietOlderButtons = () => log.querySelectorAll('[data-buttons]:not(.is-old)').forEach(list => list.classList.add('is-old'));

// The page may speak another language than this message; the language menu knows every direction.
function speaks(element, tag) {
  element.lang = tag;
  element.dir = find('languages').querySelector(`a[hreflang="${CSS.escape(tag)}"]`)?.dir ?? 'auto';
}

// What the server has said stands before what still waits to be sent. Not before a tap that the server never repeats to us:
// its answer may come before we hear that it was accepted.
const firstPending = () => log.querySelector('[data-pending]:not([data-unechoed])');

function place(element, at) {
  const next = element.dataset.pending ? null : firstPending();
  const before = next ? next.previousElementSibling : log.lastElementChild;
  if (lastDay(before) !== dayKey(at)) {
    const line = make('p', { class: 'turn' }, make('span', {}, dayName(at)));
    log.insertBefore(line, next);
  }
  element.dataset.day = dayKey(at);
  log.insertBefore(element, next);
}

function lastDay(element) {
  while (element && !element.dataset.day) element = element.previousElementSibling;
  // A first message of today needs no line that says so.
  return element?.dataset.day ?? dayKey(new Date());
}

export function isAtEnd() {
  return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - END;
}

export function scrollToEnd() {
  window.scrollTo(0, document.documentElement.scrollHeight);
}

// A long answer is shown from its first line: that is the thing to do.
function reveal(element, follow) {
  if (replaying) {
    settleReplay();
    scrollToEnd();
  } else if (!follow) {
    newer.hidden = element.classList.contains('msg--me');
  } else if (element.offsetHeight > window.innerHeight * 0.6) {
    element.scrollIntoView({ block: 'start' });
  } else {
    scrollToEnd();
  }
}
