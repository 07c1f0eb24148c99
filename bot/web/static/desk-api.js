// The desk's requests: the cookie says who, the token from the page proves that the page sent it.

import { ask } from './api.js';
import { locale } from './page.js';

const csrf = document.querySelector('meta[name=csrf-token]').content;
const CASES = '/api/v1/cases';
const path = id => `${CASES}/${encodeURIComponent(id)}`;

export const me = document.querySelector('meta[name=lotse]').content;
export const events = `${CASES}/events?locale=${locale}`;

const post = (address, body = {}) => ask('POST', address, { headers: { 'X-CSRF-Token': csrf }, body });

export const listCases = state => ask('GET', `${CASES}?state=${state}`);
export const loadCase = id => ask('GET', `${path(id)}?locale=${locale}`);
export const changeCase = (id, verb, body) => post(`${path(id)}/${verb}`, body);
export const sendMessage = (id, message) => post(`${path(id)}/messages`, message);
export const sayTyping = id => post(`${path(id)}/typing`);
export const findTopics = (words, locale, other) => ask('GET', `/api/v1/topics?${new URLSearchParams({ q: words, locale, other })}`);
