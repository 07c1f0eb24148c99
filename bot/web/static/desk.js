// The Lotse desk: puts queue, conversation, case card and the live events together.

import { succeeded } from './api.js';
import { changeCase, events, listCases, loadCase } from './desk-api.js';
import { doorWords, showCard, showHead } from './desk-card.js';
import { openEntries } from './desk-entries.js';
import { linkOf, passTime, rowsOf, showQueue, step } from './desk-queue.js';
import { hideStrip, showFailure, showStrip } from './desk-strip.js';
import { addMessage, deliveryChanged, hasUnsent, keepEnd, outboxOf, sendToCase, showConversation, submitBox, toEnd } from './desk-talk.js';
import { closeSheet, find, make, openSheet, say } from './page.js';

const REOPEN = 5_000;
const desk = find('desk'); // the body
const box = find('text');

const cases = new Map(); // id -> row
let isLoaded = false; // before that "nobody is waiting" would be a guess
let tab = 'open';
let detail = null; // the open case
const heard = new Map(); // message id -> when an event told how far it has come
let wasLost = true; // what happens before the line stands for the first time is missed too

// ---- the queue

async function loadQueue() {
  const answers = await Promise.all(['open', 'claimed', ...(tab === 'closed' ? ['closed'] : [])].map(listCases));
  const failed = answers.find(answer => !succeeded(answer));
  if (failed) return showFailure(failed, loadQueue);
  hideStrip();
  isLoaded = true;
  cases.clear();
  answers.flatMap(answer => answer.body.cases).forEach(row => cases.set(String(row.id), row));
  redraw();
  for (const id of cases.keys()) if (hasUnsent(id)) outboxOf(id).flush();
}

const redraw = () => isLoaded && showQueue(cases, tab, detail && String(detail.id));

function chooseTab(next) {
  tab = next;
  redraw();
  window.scrollTo(0, 0);
  if (tab === 'closed') loadQueue();
}

function caseChanged(row) {
  const id = String(row.id);
  if (row.state === 'erased') return caseErased(id);
  cases.set(id, { ...cases.get(id), ...row });
  if (isOpen(id)) {
    Object.assign(detail, row, { unread: 0 });
    cases.get(id).unread = 0;
    showHead(detail);
    showComposer();
  }
  redraw();
}

// The newcomer erased everything; nothing of it may stay on this screen.
function caseErased(id) {
  cases.delete(id);
  if (!isOpen(id)) return redraw();
  location.hash = '';
  showStrip('bin', '', say('erased'));
}

const isOpen = id => detail !== null && String(detail.id) === String(id);

// ---- one case; its address is /desk#case/17, so the phone's back button leads to the list

async function follow() {
  const id = decodeURIComponent(/^#case\/(.+)$/.exec(location.hash)?.[1] ?? '');
  if (!id) return leaveCase();
  await openCase(id);
}

function leaveCase() {
  const left = detail && String(detail.id);
  detail = null;
  desk.dataset.view = 'queue';
  for (const part of ['talk-head', 'views', 'log', 'reply']) find(part).hidden = true;
  find('nothing').hidden = false;
  find('card').replaceChildren();
  redraw();
  if (left) linkOf(left)?.focus();
}

async function openCase(id) {
  const answer = await loadCase(id);
  if (!succeeded(answer)) return showFailure(answer, () => openCase(id));
  hideStrip();
  detail = { ...answer.body, unread: 0 };
  find('nothing').hidden = true;
  for (const part of ['talk-head', 'views', 'log', 'reply']) find(part).hidden = false;
  chooseView('talk');
  showConversation(detail);
  showHead(detail);
  showComposer();
  if (cases.has(id)) cases.get(id).unread = 0;
  redraw();
  if (detail.mine && matchMedia('(pointer: fine)').matches) box.focus();
  else find('talk-title').focus({ preventScroll: true });
  toEnd();
}

function chooseView(view) {
  desk.dataset.view = view;
  find('views').querySelectorAll('button').forEach(button => button.setAttribute('aria-pressed', String(button.dataset.view === view)));
  if (view === 'talk') toEnd();
  else window.scrollTo(0, 0);
}

// Whether I may write, and if not, why and what now.
function showComposer() {
  const isMine = detail.state === 'claimed' && detail.mine;
  box.disabled = !isMine;
  find('composer').hidden = !isMine && !box.value;
  find('composer').querySelector('.btn').disabled = !isMine;
  find('extras').hidden = !isMine;
  find('do-close').hidden = !isMine;
  showCard(detail, pickEntry);
  showHint();
  if (isMine) find('notice').hidden = true;
  else if (detail.state === 'open') showNotice(say('claim_first'), button('claim', () => claim(detail.id), 'btn--main'));
  else if (detail.state === 'closed') showNotice(say('is_closed'), nextButton());
  else showNotice(say(box.value ? 'taken_kept' : 'taken', { name: detail.claimed_by }), nextButton(), box.value && button('copy', copyText));
}

function showHint() {
  const words = [say('writes_in', { language: detail.locale_name }), doorWords(detail)].filter(Boolean).join(' ');
  if (find('hint').textContent !== words) keepEnd(() => { find('hint').textContent = words; });
}

function showNotice(text, ...acts) {
  find('notice').hidden = false;
  find('notice-text').textContent = text;
  find('notice-acts').replaceChildren(...acts.filter(Boolean));
}

function button(phrase, act, look = '') {
  const element = make('button', { class: `btn ${look}`.trim(), type: 'button' }, say(phrase));
  element.addEventListener('click', act);
  return element;
}

function nextButton() {
  const next = rowsOf(cases, 'open').find(row => row.state === 'open' && !isOpen(row.id));
  return next && button('next', () => { location.hash = `#case/${encodeURIComponent(next.id)}`; }, 'btn--main');
}

async function copyText(event) {
  await navigator.clipboard.writeText(box.value);
  event.target.textContent = say('copied');
}

const pickEntry = (words = '') => openEntries(detail, words, content => {
  chooseView('talk');
  sendToCase(content);
});

// ---- claim, release, close

async function claim(id) {
  const answer = await changeCase(id, 'claim');
  if (answer.status === 409) return claimedByOther(id, answer.body);
  if (!succeeded(answer)) return showFailure(answer, () => claim(id));
  hideStrip();
  caseChanged(rowOf(answer.body));
  if (isOpen(id)) return box.focus();
  location.hash = `#case/${encodeURIComponent(id)}`;
}

function claimedByOther(id, problem) {
  caseChanged({ id, state: 'claimed', mine: false, claimed_by: problem?.claimed_by ?? '' });
  showStrip('lock', '', problem?.claimed_by ? say('taken_now', { name: problem.claimed_by }) : problem?.detail ?? say('failed'));
}

async function finish(verb, body) {
  const id = detail.id;
  const answer = await changeCase(id, verb, body);
  if (answer.status === 409) return claimedByOther(id, answer.body);
  if (!succeeded(answer)) return showFailure(answer, () => finish(verb, body));
  hideStrip();
  caseChanged(rowOf(answer.body));
  location.hash = '';
}

// ---- live events

function listen() {
  const source = new EventSource(events);
  source.addEventListener('case', event => caseChanged(JSON.parse(event.data)));
  source.addEventListener('message', event => messageArrived(JSON.parse(event.data)));
  source.addEventListener('delivery', event => deliveryArrived(JSON.parse(event.data)));
  source.addEventListener('open', caughtUp);
  source.addEventListener('error', () => {
    wasLost = true;
    if (!navigator.onLine) showStrip('off', '', say('lost'));
    // The browser comes back by itself, except after an answer like 401 or 503.
    if (source.readyState === EventSource.CLOSED) setTimeout(checkAndListen, REOPEN);
  });
}

async function checkAndListen() {
  const answer = await listCases('open');
  if (answer.status === 401) return showFailure(answer);
  listen();
}

// Events missed while the line was down are not repeated; what we show is asked for again.
async function caughtUp() {
  if (!wasLost) return;
  wasLost = false;
  await loadQueue();
  if (!detail) return;
  const asked = performance.now();
  const answer = await loadCase(detail.id);
  if (!succeeded(answer)) return;
  caseChanged(rowOf(answer.body));
  answer.body.messages.forEach(message => addMessage(message, detail.locale));
  const isNews = id => !(heard.get(id) > asked); // an event that came while we asked is younger than the answer
  answer.body.messages.forEach(({ id, delivery }) => { if (delivery && isNews(id)) deliveryChanged(id, delivery); });
}

function rowOf({ messages, ...row }) {
  return row;
}

function messageArrived({ case_id: id, message }) {
  if (isOpen(id)) addMessage(message, detail.locale);
}

function deliveryArrived({ case_id: id, message_id: message, ...delivery }) {
  heard.set(message, performance.now());
  if (isOpen(id)) deliveryChanged(message, delivery);
}

// ---- taps and keys

const taps = {
  claim: element => claimFromRow(element),
  tab: element => chooseTab(element.dataset.tab),
  view: element => chooseView(element.dataset.view),
  outcome: element => { closeSheet(find('closing')); finish('close', { outcome: element.dataset.outcome }); },
  releases: () => { find('note').value = ''; openSheet(find('releasing')); },
  closes: element => closeSheet(element.closest('dialog')),
};

document.addEventListener('click', event => {
  const element = event.target.closest('button');
  if (!element) return;
  for (const [name, act] of Object.entries(taps)) if (name in element.dataset) act(element);
});

async function claimFromRow(element) {
  element.disabled = true; // one claim per tap
  await claim(element.dataset.claim);
  element.disabled = false;
}

find('do-close').addEventListener('click', () => openSheet(find('closing')));
find('release-form').addEventListener('submit', () => finish('release', { note: find('note').value.trim() || undefined }));
find('pick-entry').addEventListener('click', () => pickEntry());
find('reply').addEventListener('submit', event => { event.preventDefault(); submitBox(); });
// Otherwise the tap takes the focus from the box and the phone folds its keyboard away.
find('composer').querySelector('.btn').addEventListener('mousedown', event => event.preventDefault());

document.addEventListener('keydown', event => {
  if (document.querySelector('dialog[open]')) return;
  const isField = event.target.matches('textarea, input');
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target === box) return submitBox();
  if (event.key === 'Escape' && detail && !event.isComposing) { location.hash = ''; return; }
  if (isField || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '?') openSheet(find('keys'));
  const inTalk = event.target.closest('#talk, #card');
  if (!inTalk && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    event.preventDefault(); // the list moves by cases, not by pixels
    step(event.key === 'ArrowDown' ? 1 : -1);
  }
});

window.addEventListener('hashchange', follow);
window.addEventListener('online', () => { if (detail) outboxOf(String(detail.id)).flush(); });
setInterval(() => { passTime(); if (detail) { showHead(detail); showHint(); } }, 30_000);

await loadQueue();
await follow();
listen();
