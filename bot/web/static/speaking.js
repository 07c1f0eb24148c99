// Who is speaking: the header, the box while a person is awaited, and "is writing" under the last message.

import { isAtEnd, scrollToEnd } from './messages.js';
import { find, say } from './page.js';

const LOTSE_PAUSE = 5_000; // A guide who stops typing is not shown as writing for longer.
const BOT_PATIENCE = 20_000; // After this long we say that it takes longer.
const typing = find('typing');

let mode = 'bot'; // bot, waiting or human
let typingTimer;

export const isPerson = () => mode === 'human';

export function showStatus({ mode: next, name, text }) {
  mode = next;
  find('bar').className = { bot: 'bar', waiting: 'bar bar--wait', human: 'bar bar--human' }[mode];
  find('bar').querySelector('.mark').toggleAttribute('hidden', mode === 'human');
  find('bar-seal').hidden = mode !== 'human';
  find('bar-title').textContent = mode !== 'human' ? say('chat_title') : name ? say('lotse_named', { name }) : say('lotse_writes');
  find('speaker').textContent = say({ bot: 'bot_speaks', waiting: 'you_wait', human: 'not_a_bot' }[mode]);
  find('ask-person').hidden = mode !== 'bot';
  find('back-to-bot').hidden = mode !== 'human';
  showWaiting(mode === 'waiting', text);
  if (mode === 'human') hideTyping();
}

function showWaiting(isWaiting, text) {
  const follow = isAtEnd();
  find('wait').hidden = !isWaiting;
  find('wait-when').textContent = text ?? '';
  find('wait-when').parentElement.hidden = !text;
  find('wait-meanwhile').hidden = Boolean(text); // the sentence of the server says it too
  if (isWaiting && follow) scrollToEnd();
}

export function showTyping(phrase) {
  const follow = isAtEnd();
  const byPerson = phrase === 'lotse_types';
  typing.className = byPerson ? 'typing typing--human' : 'typing';
  find('typing-text').textContent = say(phrase);
  typing.hidden = false;
  clearTimeout(typingTimer);
  if (byPerson) typingTimer = setTimeout(hideTyping, LOTSE_PAUSE);
  else typingTimer = setTimeout(() => { find('typing-text').textContent = say('bot_slow'); }, BOT_PATIENCE);
  if (follow) scrollToEnd();
}

export function hideTyping() {
  clearTimeout(typingTimer);
  typing.hidden = true;
}
