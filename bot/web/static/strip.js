// The strip above the text box: what is the matter, and what becomes of my message.

import { find, icon, say } from './page.js';

const strip = find('strip');

const STRIPS = {
  offline: ['off', ''],
  later: ['clock', ''],
  gone: ['clock', ''],
  broken: ['warn', 'strip--bad'],
  not_erased: ['warn', 'strip--bad'],
  back: ['tick', 'strip--ok'],
  erased: ['tick', 'strip--ok'],
};

export function showStrip(state) {
  if (stripShows(state)) return;
  const [symbol, look] = STRIPS[state];
  strip.dataset.state = state;
  strip.className = `strip ${look}`.trim();
  find('strip-icon').replaceChildren(icon(symbol));
  find('strip-again').hidden = state !== 'broken';
  strip.hidden = false;
  find('strip-text').textContent = say(`strip_${state}`);
}

export function hideStrip(...states) {
  if (!states.includes(strip.dataset.state)) return;
  strip.hidden = true;
  strip.dataset.state = '';
}

export const stripShows = state => strip.dataset.state === state;
