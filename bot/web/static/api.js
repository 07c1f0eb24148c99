// One way to ask the server, and what its answer means for a message that waits to be sent.

const PATIENCE = 20_000; // A phone in a tunnel keeps a dead connection open for minutes.

// Resolves with {status, body, retryAfter}; status 0 means the server was not reached.
export async function ask(method, path, { headers = {}, body, keepalive = false } = {}) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  try {
    const response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      signal: patience.signal,
      keepalive,
    });
    return { status: response.status, body: await jsonOf(response), retryAfter: Number(response.headers.get('Retry-After')) || 10 };
  } catch {
    return { status: 0, body: null, retryAfter: 0 };
  } finally {
    clearTimeout(timer);
  }
}

async function jsonOf(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

export const succeeded = answer => answer.status >= 200 && answer.status < 300;

// accepted | offline (try when the network is back) | later (after a pause) | refused (this text never) | broken (our fault)
export function verdictOn(answer) {
  if (succeeded(answer)) return { kind: 'accepted', id: answer.body?.message_id };
  if (answer.status === 0) return { kind: 'offline' };
  if (answer.status === 429) return { kind: 'later', seconds: answer.retryAfter };
  if (answer.status >= 500 || answer.status === 408) return { kind: 'broken' };
  return { kind: 'refused', status: answer.status, why: answer.body?.detail };
}
