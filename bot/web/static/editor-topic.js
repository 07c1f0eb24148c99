// One entry: which channel, how many columns, and on a phone which language.

import { onKeys } from './editor-page.js';
import { webReply } from './editor-preview.js';
import { find } from './page.js';
import { keep, recall } from './store.js';

const versions = find('versions');
const language = find('language');
const { versions: web, words } = JSON.parse(find('web').textContent);
const CHANNELS = ['web', 'telegram', 'whatsapp'];

for (const slot of document.querySelectorAll('[data-web]')) {
  slot.append(...web[slot.dataset.web].map(reply => webReply(reply, words[reply.lang])));
}

function choose(name, value) {
  versions.dataset[name] = value;
  find(name === 'channel' ? 'channels' : 'columns').querySelectorAll('button').forEach(button => {
    button.setAttribute('aria-pressed', String((button.dataset.shows ?? button.dataset.columns) === value));
  });
  keep(`editor-${name}`, value);
}

function chooseLanguage(tag) {
  language.value = tag;
  versions.querySelectorAll('.version').forEach(version => version.classList.toggle('is-chosen', version.dataset.language === tag));
}

find('channels').addEventListener('click', event => { if (event.target.dataset.shows) choose('channel', event.target.dataset.shows); });
find('columns').addEventListener('click', event => { if (event.target.dataset.columns) choose('columns', event.target.dataset.columns); });
language.addEventListener('change', () => chooseLanguage(language.value));

// /editor/topics/tax-id#ar opens at Arabic; on a phone it shows Arabic.
function follow() {
  const tag = decodeURIComponent(location.hash.slice(1));
  const wanted = web[tag] ? tag : language.value;
  chooseLanguage(wanted);
  if (web[tag]) find(tag).focus({ preventScroll: true });
  if (web[tag]) find(tag).scrollIntoView({ block: 'start' });
}

choose('channel', recall('editor-channel') ?? 'web');
choose('columns', recall('editor-columns') ?? '3');
window.addEventListener('hashchange', follow);
follow();

onKeys({
  ...Object.fromEntries(CHANNELS.map((channel, index) => [String(index + 1), () => choose('channel', channel)])),
  p: () => find('before')?.click(),
  n: () => find('after')?.click(),
  Escape: event => { if (!event.target.matches('select')) location.href = '/editor'; },
});
