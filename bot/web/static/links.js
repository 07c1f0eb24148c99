// Finds web addresses, e-mail addresses and phone numbers in a text and makes links of them. Careful on purpose: a date, a price or a
// paragraph must never become a number to call. No lookbehind: it stops the whole page on iPhones before iOS 16.4.

import { make, isolate } from './page.js';

// Right-to-left texts come with invisible marks around numbers and links; they are never part of an address.
const MARKS = String.raw`\u200e\u200f\u2066-\u2069`;
const REST = String.raw`[^\s<>"'„“”«»${MARKS}]`;
const WEB = String.raw`(?:https?:\/\/|www\.)${REST}+`;
const MAIL = String.raw`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`;
const DOMAIN = String.raw`(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:de|eu|org|com|net|info)(?:\/${REST}*)?`;
const PHONE = String.raw`(?:\+49|0[1-9]\d{1,4})[ \u00a0/-]?\d[\d \u00a0/-]{3,14}\d`;
const SHORT = String.raw`11[02]|116[ \u00a0]?117`;
const ANY = new RegExp(`(${WEB})|(${MAIL})|(${DOMAIN})|(${PHONE})|(${SHORT})`, 'gi');
const EVERY_MARK = new RegExp(`[${MARKS}]`, 'g');

// `short` also links 110, 112 and 116 117; only cards and emergencies may, elsewhere 110 is any number.
export function linked(text, { short = false } = {}) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(ANY)) {
    const shown = trimmed(found[0]);
    const before = unmarked(text.slice(0, found.index));
    const after = unmarked(text.slice(found.index + shown.length));
    const address = standsAlone(before, after) && addressOf(found, shown, before, after, short);
    if (!address) continue;
    parts.push(text.slice(from, found.index), link(address, shown));
    from = found.index + shown.length;
  }
  parts.push(text.slice(from));
  return parts.filter(part => part !== '');
}

// A sentence's full stop or bracket is not part of the address before it.
function trimmed(found) {
  const shown = found.replace(/[.,;:!?…]+$/, '');
  return shown.endsWith(')') && !shown.includes('(') ? trimmed(shown.slice(0, -1)) : shown;
}

const unmarked = text => text.replace(EVERY_MARK, '');

const standsAlone = (before, after) => !/[\w@€$.,§/+-]$/.test(before.replace(/[.,]\s$/, ' ')) && !/^[\w@]/.test(after);

function addressOf([, web, mail, domain, phone, shortCode], shown, before, after, short) {
  if (web) return webAddress(shown);
  if (mail) return `mailto:${shown}`;
  if (domain) return webAddress(shown);
  if (phone) return telAddress(shown);
  return shortCode && short && !isQuantity(before, after) ? telAddress(shown) : null;
}

const isQuantity = (before, after) =>
  /(?:§|Art\.?|Abs\.?|Nr\.?)\s*$/i.test(before) || /^(?:[.,:–-]\d|\s*(?:€|%|EUR|Euro|km|m²|kg|Tage|days))/i.test(after);

export function webAddress(text) {
  try {
    const url = new URL(/^https?:\/\//i.test(text) ? text : `https://${text}`);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

export function telAddress(text) {
  const number = text.replace(/\(0\)/, '').replace(/[^\d+]/g, '');
  return /^(?:\+\d{7,15}|0\d{6,14}|1\d{2,5})$/.test(number) ? `tel:${number}` : null;
}

export function link(address, shown) {
  const away = address.startsWith('http');
  return make('a', { href: address, target: away && '_blank', rel: away && 'noopener noreferrer' }, isolate(shown));
}

// Android opens its own map from a geo URI (RFC 5870); elsewhere OpenStreetMap searches for the address.
export function mapAddress(geo) {
  const address = decodeURIComponent(geo.split('?q=')[1] ?? '');
  return /Android/.test(navigator.userAgent) ? geo : `https://www.openstreetmap.org/search?query=${encodeURIComponent(address)}`;
}
