// Server-Sent Events over fetch: EventSource cannot send the bearer token. Loses nothing: each reconnect names the last event seen.

const SILENCE = 40_000; // The server's heart beats every 15 s; after this long the line is dead.
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

// Calls `event(kind, data)`, `connected()`, `lost()` and, when the server no longer knows the chat, `gone()`.
export class Stream {
  constructor(path, headers, listener) {
    Object.assign(this, { path, headers, listener });
    this.lastId = null;
    this.pause = FIRST_PAUSE;
    this.closed = false;
    this.lastSign = 0;
    this.wake = () => {};
    this.hurry = this.hurry.bind(this);
    window.addEventListener('online', this.hurry);
    document.addEventListener('visibilitychange', this.hurry);
    this.run();
  }

  close() {
    this.closed = true;
    window.removeEventListener('online', this.hurry);
    document.removeEventListener('visibilitychange', this.hurry);
    this.abort?.abort();
    this.wake();
  }

  // Back on the network or back on the screen: do not sit out a pause, and do not trust a line that slept.
  hurry() {
    if (document.visibilityState === 'hidden') return;
    this.pause = FIRST_PAUSE;
    this.wake();
    if (Date.now() - this.lastSign > SILENCE) this.abort?.abort();
  }

  async run() {
    while (!this.closed) {
      const outcome = await this.listen();
      if (this.closed) return;
      if (outcome === 'gone') {
        this.close();
        this.listener.gone();
        return;
      }
      this.listener.lost();
      await this.rest();
    }
  }

  async listen() {
    this.abort = new AbortController();
    this.sign();
    try {
      const headers = { ...this.headers, Accept: 'text/event-stream' };
      if (this.lastId !== null) headers['Last-Event-ID'] = this.lastId;
      const response = await fetch(this.path, { headers, cache: 'no-store', signal: this.abort.signal });
      if ([401, 404, 410].includes(response.status)) return 'gone';
      if (!response.ok) return 'lost';
      this.listener.connected();
      await this.read(response.body.getReader());
    } catch {
      // Offline, aborted or cut off: all the same here, we try again.
    } finally {
      clearTimeout(this.watch);
    }
    return 'lost';
  }

  async read(reader) {
    const decoder = new TextDecoder();
    const parser = new EventParser((kind, data, id) => {
      if (id !== null) this.lastId = id;
      this.listener.event(kind, data);
    });
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.closed) return;
      this.sign();
      this.pause = FIRST_PAUSE;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  // A sign of life, be it only a heartbeat.
  sign() {
    this.lastSign = Date.now();
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.abort.abort(), SILENCE);
  }

  // Jitter keeps a thousand phones from coming back in the same second.
  rest() {
    const pause = this.pause * (0.5 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    return new Promise(resolve => {
      const timer = setTimeout(resolve, pause);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export class EventParser {
  constructor(emit) {
    this.emit = emit;
    this.rest = '';
    this.clear();
  }

  clear() {
    this.kind = 'message';
    this.data = [];
    this.id = null;
  }

  feed(text) {
    // A lone CR at the end may be half of a CRLF, so it waits for the next piece.
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    lines.forEach(line => this.line(line));
  }

  line(line) {
    if (line === '') return this.finish();
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.kind = value;
    if (field === 'data') this.data.push(value);
    if (field === 'id') this.id = value;
  }

  finish() {
    const { kind, data, id } = this;
    this.clear();
    if (!data.length) return;
    let value;
    try {
      value = JSON.parse(data.join('\n'));
    } catch {
      return; // A line we cannot read must not stop the ones after it.
    }
    this.emit(kind, value, id);
  }
}
