// The chat page: puts log, outbox and stream together. Nothing is stored anywhere before the newcomer first sends something.

import { ask, succeeded, verdictOn } from './api.js';
import { clearLog, removePending, setState, settleReplay, show, showPending, startReplay } from './messages.js';
import { Outbox } from './outbox.js';
import { closeSheet, find, growWithText, locale, newId, openSheet, say } from './page.js';
import { hideTyping, isPerson, showStatus, showTyping } from './speaking.js';
import { forget, keep, recall } from './store.js';
import { Stream } from './stream.js';
import { hideStrip, showStrip, stripShows } from './strip.js';

const API = '/api/v1/chats';
const LIMIT = 4000;
const NEAR_LIMIT = 3600;
const CHAT = 'lotsenbot.chat';
const DRAFT = 'lotsenbot.draft';
const OPENED = 'lotsenbot.opened';

const box = find('text');

let chat = recall(CHAT); // {chat_id, token}, or null while nothing was sent
let stream = null;
const outbox = new Outbox('lotsenbot.outbox', post, messageChanged);

// What a link opened the page at: {topic, button, title, message}, or null.
const opened = JSON.parse(document.getElementById('opened')?.textContent ?? 'null');

function start() {
  box.value = recall(DRAFT) ?? '';
  boxChanged();
  const isNew = !chat || recall(OPENED)?.topic === opened?.topic;
  if (opened && isNew) showOpened();
  if (chat) startReplay();
  for (const item of outbox.items) {
    showPending(item);
    messageChanged(item, item.state, {});
  }
  if (chat) listen();
  if (!outbox.isEmpty) outbox.flush();
  if (opened && !isNew) askOpened();
  if (!navigator.onLine) showStrip('offline');
}

// To somebody new the answer is shown as it came with the page: nothing is sent or stored before she writes.
function showOpened() {
  show({ ...opened.message, at: recall(OPENED)?.at ?? new Date().toISOString() });
  find('log').removeAttribute('data-expects');
  find('newer').hidden = true; // it begins in sight, under the greeting
}

// In a running conversation the link is a question like any other, asked once: a reload finds it in the log.
function askOpened() {
  history.replaceState(null, '', location.pathname);
  find('log').removeAttribute('data-expects');
  send({ button: opened.button, label: opened.title });
}

// ---- sending

function send(content) {
  hideStrip('back', 'gone', 'erased', 'broken');
  const item = { client_id: newId(), at: new Date().toISOString(), ...content };
  showPending(item);
  outbox.add(item);
}

async function post(item) {
  const refusal = chat ? null : await openChat();
  if (refusal) return refusal;
  const content = item.button ? { button: item.button } : { text: item.text };
  const answer = await ask('POST', `${API}/${chat.chat_id}/messages`, { headers: bearer(), body: { client_id: item.client_id, ...content } });
  if (isGone(answer)) {
    startAfresh();
    return { kind: 'again' };
  }
  return verdictOn(answer);
}

// Resolves with a verdict only when no chat could be opened.
async function openChat() {
  const answer = await ask('POST', API, { body: { locale, ...(opened && { topic: opened.topic }) } });
  if (!succeeded(answer)) return verdictOn(answer);
  if (opened) keep(OPENED, { topic: opened.topic, at: new Date().toISOString() });
  chat = { chat_id: answer.body.chat_id, token: answer.body.token };
  keep(CHAT, chat);
  listen();
  return null;
}

const bearer = () => ({ Authorization: `Bearer ${chat.token}` });
const isGone = answer => answer.status === 401 || answer.status === 404 || answer.status === 410;

function messageChanged(item, state) {
  setState(item.client_id, state, {
    again: state === 'stuck' && (() => outbox.retry(item.client_id)),
    remove: state === 'stuck' && (() => takeBack(item)),
    change: state === 'refused' && (() => takeBack(item)),
  });
  if (state === 'sending' && !isPerson()) showTyping('bot_looks');
  if (state === 'sent') messageAccepted();
  if (state === 'offline') showStrip('offline');
  if (state === 'later') showStrip('later');
  if (state === 'stuck') showStrip('broken');
  if (state !== 'sent' && state !== 'sending') hideTyping();
}

function messageAccepted() {
  hideStrip('broken', 'later');
  if (stripShows('offline') && outbox.isEmpty) showStrip('back');
}

// A text that could not go is worth more than an empty box.
function takeBack(item) {
  outbox.remove(item.client_id);
  removePending(item.client_id);
  if (item.text && !box.value) {
    box.value = item.text;
    boxChanged();
  }
  hideStrip('broken');
  outbox.flush();
}

// ---- receiving

function listen() {
  stream?.close();
  stream = new Stream(`${API}/${chat.chat_id}/events`, bearer(), {
    event: received,
    connected,
    lost: () => { if (!navigator.onLine) showStrip('offline'); },
    gone: startAfresh,
  });
}

function received(kind, data) {
  if (kind === 'message') messageArrived(data);
  if (kind === 'status') showStatus(data);
  if (kind === 'typing') showTyping('lotse_types');
  if (kind === 'erased') startAfresh();
}

function messageArrived(message) {
  if (message.client_id) {
    outbox.remove(message.client_id);
    messageAccepted();
  }
  if (message.from !== 'newcomer') hideTyping();
  show(message);
}

function connected() {
  settleReplay();
  if (!stripShows('offline')) return;
  if (outbox.isEmpty) showStrip('back');
  else outbox.flush();
}

// The server no longer knows this chat. What is still to be sent goes into a new one.
function startAfresh() {
  leaveChat();
  if (outbox.isEmpty) return showStrip('gone');
  outbox.items.forEach(showPending);
  showStrip('gone');
  outbox.flush();
}

function leaveChat() {
  stream?.close();
  stream = null;
  chat = null;
  forget(CHAT);
  forget(OPENED);
  clearLog();
  hideTyping();
  showStatus({ mode: 'bot' });
}

// ---- the text box

function boxChanged() {
  growWithText(box);
  if (box.value) keep(DRAFT, box.value);
  else forget(DRAFT);
  const left = LIMIT - box.value.length;
  const count = find('count');
  count.hidden = box.value.length < NEAR_LIMIT;
  count.className = left < 0 ? 'count count--over' : 'count';
  count.textContent = count.hidden ? '' : say(left < 0 ? 'count_over' : 'count_left', { count: Math.abs(left) });
}

function submitBox() {
  const text = box.value.trim();
  box.focus();
  if (!text) return;
  if (text.length > LIMIT) return find('count').setAttribute('role', 'alert');
  box.value = '';
  boxChanged();
  send({ text });
}

box.addEventListener('input', boxChanged);
// With a keyboard Enter sends; on a phone it breaks the line and the button sends. Half-composed words are never sent.
box.addEventListener('keydown', event => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !matchMedia('(pointer: fine)').matches) return;
  event.preventDefault();
  submitBox();
});
find('say').addEventListener('submit', event => {
  event.preventDefault();
  submitBox();
});
// Otherwise the tap takes the focus from the box and the phone folds its keyboard away.
find('send').addEventListener('mousedown', event => event.preventDefault());

// ---- buttons, languages, sheets

document.addEventListener('click', event => {
  const button = event.target.closest('button, a');
  if (!button) return;
  if (button.dataset.send) tapped(button);
  if (button.dataset.opens) openOnly(find(button.dataset.opens));
  if ('closes' in button.dataset) closeSheet(button.closest('dialog'));
  if (button.hreflang) changeLanguage(event, button.hreflang, button.href);
});

function tapped(button) {
  const [kind, tag] = button.dataset.send.split(':');
  if (kind === 'lang') return changeLanguage(null, tag, `?lang=${encodeURIComponent(tag)}`);
  send({ button: button.dataset.send, label: button.textContent.trim() });
}

// The page is loaded anew in that language; a running conversation is told first, so that it changes too.
async function changeLanguage(event, tag, address) {
  if (!chat) return event || location.assign(address);
  event?.preventDefault();
  await ask('POST', `${API}/${chat.chat_id}/messages`, { headers: bearer(), body: { client_id: newId(), button: `lang:${tag}` }, keepalive: true });
  location.assign(address);
}

function openOnly(sheet) {
  document.querySelectorAll('dialog[open]').forEach(closeSheet);
  openSheet(sheet);
}

find('more-languages')?.removeAttribute('hidden');
find('more-languages')?.addEventListener('click', event => {
  event.stopPropagation(); // or the click would close what it opens
  find('languages').open = true;
  find('languages').querySelector('nav a').focus();
});
document.addEventListener('click', event => { if (!find('languages').contains(event.target)) find('languages').open = false; });
find('languages').addEventListener('keydown', event => {
  if (event.key !== 'Escape') return;
  find('languages').open = false;
  find('languages').querySelector('summary').focus();
});

find('strip-again').addEventListener('click', () => {
  hideStrip('broken');
  outbox.flush();
});

find('erase-now').addEventListener('click', async () => {
  closeSheet(find('erase'));
  const answer = chat && await ask('DELETE', `${API}/${chat.chat_id}`, { headers: bearer() });
  if (answer && !succeeded(answer) && !isGone(answer)) return showStrip('not_erased');
  outbox.clear();
  leaveChat();
  box.value = '';
  boxChanged();
  window.scrollTo(0, 0);
  showStrip('erased');
});

// ---- the world outside

window.addEventListener('offline', () => showStrip('offline'));
window.addEventListener('online', () => {
  if (outbox.isEmpty) hideStrip('offline');
  outbox.flush();
});
// Another tab began or erased the conversation: this one follows, the typed text stays.
window.addEventListener('storage', event => {
  if (event.key === CHAT && event.newValue !== JSON.stringify(chat)) location.reload();
});

start();
