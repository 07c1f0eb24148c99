// The line under the header: what went wrong, that nothing is lost, and the next step.

import { find, icon, say } from './page.js';

const strip = find('strip');
let again = () => {}; // what "Try again" does

find('strip-again').addEventListener('click', () => again());

export function showFailure(answer, retry = () => {}) {
  again = retry;
  if (answer.status === 401) showStrip('lock', 'strip--bad', say('logged_out'), 'login');
  else if (answer.status === 0) showStrip('off', '', say('lost'), 'again');
  else showStrip('warn', 'strip--bad', answer.body?.detail ?? say('failed'), 'again');
}

export function showStrip(symbol, look, text, act) {
  strip.hidden = false;
  strip.className = `strip ${look}`.trim();
  find('strip-icon').replaceChildren(icon(symbol));
  find('strip-text').textContent = text;
  find('strip-login').hidden = act !== 'login';
  find('strip-again').hidden = act !== 'again';
}

export function hideStrip() {
  strip.hidden = true;
}
