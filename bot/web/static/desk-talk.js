// The conversation of one case: its messages, the text box with a draft per case, and what is on its way.

import { verdictOn } from './api.js';
import { me, sayTyping, sendMessage } from './desk-api.js';
import { clockTime, dayKey, dayName, find, growWithText, icon, isolate, make, newId, say } from './page.js';
import { linked } from './links.js';
import { Outbox } from './outbox.js';
import { forget, keep, recall } from './store.js';

const log = find('log');
const box = find('text');
const TYPING_PAUSE = 3_000;

const outboxes = new Map(); // case id -> Outbox
let known = new Map(); // message id or client_id -> element of the open case
let openId = null;
let lastDay = '';

const draftKey = id => `lotsenbot.desk.draft.${id}`;
const outboxKey = id => `lotsenbot.desk.outbox.${id}`;
export const hasUnsent = id => recall(outboxKey(id)) !== null;

export function outboxOf(id) {
  if (!outboxes.has(id)) outboxes.set(id, new Outbox(outboxKey(id), item => post(id, item), (item, state, verdict) => itemChanged(id, item, state, verdict)));
  return outboxes.get(id);
}

async function post(id, { client_id, text, topic }) {
  const verdict = verdictOn(await sendMessage(id, topic ? { client_id, topic } : { client_id, text }));
  // Logged out: nothing is wrong with the text, it goes after the next log-in.
  return verdict.status === 401 ? { kind: 'broken' } : verdict;
}

export function showConversation(detail) {
  openId = String(detail.id);
  known = new Map();
  lastDay = '';
  log.replaceChildren();
  log.setAttribute('aria-live', 'off'); // opening a case is no news; what comes afterwards is
  detail.messages.forEach(message => addMessage(message, detail.locale));
  outboxOf(openId).items.forEach(showPending);
  box.value = recall(draftKey(openId)) ?? '';
  growWithText(box);
  toEnd();
  requestAnimationFrame(() => log.setAttribute('aria-live', 'polite'));
}

export function addMessage(message, locale) {
  if (known.has(message.id) || adopted(message)) return;
  const follow = isAtEnd();
  dayLine(new Date(message.at));
  const element = message.from === 'bot' ? botGroup(message) : bubble(message, locale);
  known.set(message.id, element);
  if (follow || message.from === 'lotse') toEnd();
}

// Our own message comes back from the server: by its ids, or as the oldest one not yet confirmed with these words.
function adopted(message) {
  if (message.from !== 'lotse') return false;
  const waiting = [...log.querySelectorAll('[data-unconfirmed]')];
  const element = known.get(message.client_id)
    ?? waiting.find(each => each.dataset.messageId === message.id)
    ?? waiting.find(each => each.dataset.words === message.text || (each.dataset.topic && message.name === me));
  if (!element) return false;
  const follow = isAtEnd();
  known.set(message.id, element);
  element.removeAttribute('data-unconfirmed');
  element.querySelector('.bubble').replaceChildren(...linked(message.text));
  if (message.delivery) deliveryChanged(message.id, message.delivery);
  if (follow) toEnd(); // an entry is longer than its title
  return true;
}

function dayLine(date) {
  if (lastDay && lastDay !== dayKey(date) || !lastDay && dayKey(date) !== dayKey(new Date())) log.append(make('p', { class: 'turn' }, dayName(date)));
  lastDay = dayKey(date);
}

function bubble(message, locale) {
  const isLotse = message.from === 'lotse';
  const name = isLotse ? (message.name === me ? say('you') : message.name ?? say('you')) : say('newcomer');
  // What newcomers type stays plain text: a Lotse should not follow a stranger's link by a slip of the thumb.
  const words = isLotse ? linked(message.text) : [message.text];
  const element = make('div', { class: `msg${isLotse ? ' msg--lotse' : ''}` },
    make('p', { class: 'bubble', dir: 'auto', lang: isLotse ? undefined : locale }, ...words),
    make('small', {}, isolate(name, 'auto'), isolate(clockTime(new Date(message.at)))));
  element.dataset.at = message.at;
  log.append(element);
  if (isLotse && message.delivery) showDelivery(element, message.delivery);
  return element;
}

const WAYS = { waiting: ['clock'], door: ['clock'], sent: ['tick'], delivered: ['tick', 'tick'], read: ['tick', 'tick'], failed: ['warn'] };

// How far a Lotse's words have come on a channel that reports it.
export function deliveryChanged(id, delivery) {
  const element = known.get(id);
  if (element?.matches('.msg--lotse')) showDelivery(element, delivery);
}

function showDelivery(element, { state, reason }) {
  const words = [say(`way_${state}`), reason].filter(Boolean).join(': ');
  element.querySelector('small').replaceChildren(
    make('span', { class: state === 'failed' ? 'bad' : '', role: state === 'failed' && 'alert' }, words),
    ...WAYS[state].map(name => icon(name)), isolate(clockTime(new Date(element.dataset.at))));
}

// The chatbot's part is folded away: a Lotse on a bus wants the question and the last word.
function botGroup(message) {
  let group = log.lastElementChild;
  if (!group?.matches('.msg--bot')) {
    group = make('details', { class: 'msg msg--bot' }, make('summary', {}, icon('chev', 'i--flip'), make('span')));
    log.append(group);
  }
  group.append(make('p', { dir: 'auto' }, message.text));
  group.querySelector('summary span').textContent = say('bot_said', { count: group.querySelectorAll('p').length });
  return group;
}

// ---- sending

export function sendToCase(content) {
  const item = { client_id: newId(), at: new Date().toISOString(), ...content };
  showPending(item);
  outboxOf(openId).add(item);
}

function showPending(item) {
  const element = bubble({ from: 'lotse', name: me, text: item.text ?? say('entry', { title: item.label }), at: item.at });
  element.dataset.unconfirmed = '';
  element.dataset.words = item.text ?? '';
  if (item.topic) element.dataset.topic = item.topic;
  known.set(item.client_id, element);
  itemChanged(openId, item, item.state ?? 'sending', {});
  toEnd();
}

const STATES = { sending: [null, 'sending'], sent: ['tick', 'sent'], offline: ['clock', 'offline'], later: ['clock', 'sending'], stuck: ['warn', 'not_sent'], refused: ['warn', 'not_sent'] };

function itemChanged(id, item, state, verdict) {
  const element = id === openId && known.get(item.client_id);
  if (!element) return;
  if (verdict.id) element.dataset.messageId = verdict.id;
  const failed = state === 'stuck' || state === 'refused';
  const [symbol, phrase] = STATES[state];
  element.querySelector('small').replaceChildren(
    make('span', { class: failed ? 'bad' : '', role: failed && 'alert' }, say(phrase), verdict.why ? `: ${verdict.why}` : ''),
    symbol ? icon(symbol) : '', isolate(clockTime(new Date(item.at))),
    ...(failed ? [action('again', () => outboxOf(id).retry(item.client_id)), action('change', () => takeBack(id, item))] : []));
  if (failed) toEnd();
}

function action(phrase, act) {
  const button = make('button', { class: 'btn', type: 'button' }, say(phrase));
  button.addEventListener('click', act);
  return button;
}

function takeBack(id, item) {
  outboxOf(id).remove(item.client_id);
  known.get(item.client_id)?.remove();
  known.delete(item.client_id);
  if (item.text) setBox([item.text, box.value].filter(Boolean).join('\n\n'));
  outboxOf(id).flush();
}

// ---- the text box

let lastTyping = 0;

function setBox(text) {
  box.value = text;
  growWithText(box);
  if (text) keep(draftKey(openId), text);
  else forget(draftKey(openId));
}

export function submitBox() {
  const text = box.value.trim();
  if (!text || box.disabled) return;
  setBox('');
  sendToCase({ text });
  box.focus();
}

box.addEventListener('input', () => {
  setBox(box.value);
  if (!box.value || Date.now() - lastTyping < TYPING_PAUSE) return;
  lastTyping = Date.now();
  sayTyping(openId);
});

// The log scrolls by itself on wide screens; on the phone the page does.
const scroller = () => (log.scrollHeight > log.clientHeight + 1 ? log : document.documentElement);
const isAtEnd = () => scroller().scrollTop + scroller().clientHeight >= scroller().scrollHeight - 96;

// Something around the log grows: whoever was reading the last words goes on seeing them.
export function keepEnd(change) {
  const follow = isAtEnd();
  change();
  if (follow) toEnd();
}

export function toEnd() {
  scroller().scrollTop = scroller().scrollHeight;
}
