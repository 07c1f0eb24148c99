// Messages on their way, in order. Each is kept on the device until the server has accepted it; its client_id makes sending twice harmless.
// States: sending, offline, later, stuck (our fault, try again), refused (this text never goes).

import { forget, keep, recall } from './store.js';

const TRIES = 3;
const OFFLINE_PAUSE = 5_000;

export class Outbox {
  // `post(item)` resolves with a verdict (see api.js) or {kind: 'again'}; `changed(item, state, verdict)` shows it.
  constructor(key, post, changed) {
    Object.assign(this, { key, post, changed });
    this.items = recall(key) ?? [];
    this.busy = false;
    this.tries = 0;
  }

  get isEmpty() {
    return this.items.length === 0;
  }

  add(item) {
    this.items.push({ ...item, state: 'sending' });
    this.save();
    this.changed(item, 'sending', {});
    return this.flush();
  }

  remove(clientId) {
    const before = this.items.length;
    this.items = this.items.filter(item => item.client_id !== clientId);
    if (this.items.length !== before) this.save();
  }

  clear() {
    this.items = [];
    this.save();
  }

  retry(clientId) {
    const item = this.items.find(each => each.client_id === clientId);
    if (item) this.mark(item, 'sending', {});
    return this.flush();
  }

  // One at a time, oldest first: the second never overtakes the first.
  async flush() {
    clearTimeout(this.timer);
    if (this.busy) return;
    this.busy = true;
    try {
      for (let item = this.next(); item; item = this.next()) {
        if (item.state !== 'sending') this.mark(item, 'sending', {});
        if (!this.settle(item, await this.post(item))) break;
      }
    } finally {
      this.busy = false;
    }
  }

  next() {
    return this.items.find(item => item.state !== 'refused');
  }

  // Says whether the next message may go.
  settle(item, verdict) {
    if (verdict.kind !== 'broken') this.tries = 0;
    if (!this.items.includes(item)) return true; // taken back, or already echoed by the stream
    switch (verdict.kind) {
      case 'again':
        return true;
      case 'accepted':
        this.remove(item.client_id);
        this.changed(item, 'sent', verdict);
        return true;
      case 'refused':
        this.mark(item, 'refused', verdict);
        return true;
      case 'offline':
        this.mark(item, 'offline', verdict);
        this.flushIn(OFFLINE_PAUSE);
        return false;
      case 'later':
        this.mark(item, 'later', verdict);
        this.flushIn(verdict.seconds * 1000);
        return false;
      default:
        return this.struggle(item, verdict);
    }
  }

  struggle(item, verdict) {
    this.tries += 1;
    if (this.tries < TRIES) this.flushIn(1000 * 3 ** this.tries);
    else {
      this.tries = 0;
      this.mark(item, 'stuck', verdict);
    }
    return false;
  }

  flushIn(pause) {
    this.timer = setTimeout(() => this.flush(), pause);
  }

  mark(item, state, verdict) {
    item.state = state;
    this.save();
    this.changed(item, state, verdict);
  }

  save() {
    if (this.isEmpty) forget(this.key);
    else keep(this.key, this.items);
  }
}
