/** Between Node's HTTP server and the web's requests and responses, which the SDK speaks. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Resolves to undefined for a body of more than `bytesMax`, of which no more is read. */
export async function bodyOf(
  request: IncomingMessage,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Without its body, which is read already; `signal` fires when the client goes away. */
export function webRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return new Request(new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`), {
    method: request.method ?? 'GET',
    headers,
    signal,
  });
}

/** Fires when the client goes away before it has its answer. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client went away'));
  });
  return gone.signal;
}

/** Sends an answer, no faster than the client reads. Resolves when it is sent or nobody reads any more. */
export async function send(
  response: ServerResponse,
  answer: Response,
  { more, gone }: { readonly more: Readonly<Record<string, string>>; readonly gone: AbortSignal },
): Promise<void> {
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...more });
  if (answer.body === null) {
    response.end();
    return;
  }
  response.flushHeaders();
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const stop = (): void => void reader.cancel().catch(() => {});
  gone.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || gone.aborted) break;
      if (!response.write(value)) await once(response, 'drain', { signal: gone });
    }
  } catch (failure) {
    if (!gone.aborted) throw failure;
  } finally {
    gone.removeEventListener('abort', stop);
    response.end();
  }
}
