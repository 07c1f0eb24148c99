// What every page needs: the translated phrases, small DOM helpers, times as people read them.

let phrases = JSON.parse(document.getElementById('phrases').textContent);
export const locale = document.documentElement.lang;

export function say(key, values = {}) {
  return phrases[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// While `act` runs, `say` speaks with these words: a preview in another language than the page.
export function speaking(words, act) {
  const own = phrases;
  phrases = { ...own, ...words };
  try {
    return act();
  } finally {
    phrases = own;
  }
}

export const find = id => document.getElementById(id);

// Children are nodes or strings; strings become text, never markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name, extra = '') {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const use = document.createElementNS(space, 'use');
  svg.setAttribute('class', `i ${extra}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#${name}`);
  svg.append(use);
  return svg;
}

// Numbers, addresses and links keep their own direction inside a right-to-left sentence.
export const isolate = (text, direction = 'ltr') => make('bdi', { dir: direction }, text);

// Digits stay 0-9 in every language: they match keypads and the letters people get.
const format = options => {
  try {
    return new Intl.DateTimeFormat(`${locale}-u-nu-latn-ca-gregory`, options);
  } catch {
    return new Intl.DateTimeFormat('de', options);
  }
};
const clock = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = format({ weekday: 'long', day: 'numeric', month: 'long' });

export const clockTime = date => clock.format(date);
export const dayKey = date => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;

export function dayName(date) {
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayKey(date) === dayKey(new Date())) return say('today');
  if (dayKey(date) === dayKey(yesterday)) return say('yesterday');
  return day.format(date);
}

// "2026-01" and "2026-01-15" become a date in words; anything else is words already.
export function dateWords(text) {
  const parts = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/.exec(text);
  if (!parts) return text;
  const date = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3] ?? 1));
  return format({ year: 'numeric', month: 'long', day: parts[3] ? 'numeric' : undefined }).format(date);
}

// crypto.randomUUID needs https and a young browser; the same 122 random bits come from getRandomValues.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function growWithText(box) {
  box.style.height = 'auto';
  box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
}

export function openSheet(sheet) {
  if (sheet.showModal) sheet.showModal();
  else sheet.setAttribute('open', '');
}

export function closeSheet(sheet) {
  if (sheet.close) sheet.close();
  else sheet.removeAttribute('open');
}
