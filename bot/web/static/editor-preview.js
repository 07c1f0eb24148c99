// A reply as the chat page shows it, in its own language, for looking at only: nothing in it can be tapped but links and "more".

import { answerCard, emergencyCard } from './card.js';
import { linked } from './links.js';
import { icon, make, say, speaking } from './page.js';

export function webReply(reply, words) {
  return speaking(words, () => {
    const box = make('div', { class: 'msg', lang: reply.lang, dir: reply.dir }, content(reply));
    const chips = reply.buttons.filter(button => !(reply.card?.more?.length && button.id.startsWith('more:')));
    if (chips.length) box.append(make('ul', { class: 'chips', 'aria-label': say('choices') }, ...chips.map(chip)));
    return box;
  });
}

function content({ card, text, lang, dir }) {
  if (!card) return make('div', { class: 'bubble' }, ...text.split(/\n{2,}/).map(part => make('p', { dir: 'auto' }, ...linked(part))));
  if (!card.emergency) return answerCard(card);
  const danger = emergencyCard(card);
  danger.removeAttribute('role'); // a preview is no alarm
  for (const [name, value] of Object.entries({ lang, dir })) danger.querySelector('.too')?.setAttribute(name, value);
  return danger;
}

const chip = ({ id, label }) => make('li', {}, make('span', { class: id === 'person' ? 'btn btn--human' : 'btn' }, id === 'person' && icon('person'), label));
