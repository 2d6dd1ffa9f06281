/** Between Node's HTTP server and the web's requests and responses, which the SDK speaks. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

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

export interface SendTerms {
  /** Headers beside the answer's own. */
  readonly more: Readonly<Record<string, string>>;
  readonly gone: AbortSignal;
  /** Of what a client does not read, nothing is added to more than so much. */
  readonly unreadBytesMax: number;
  /** How long an answer that has ended waits for a client that reads nothing of it. */
  readonly unreadMs: number;
}

/**
 * Sends an answer as it comes. Resolves when it is sent or nobody reads any more. A stream has no end, and
 * who says things into it waits for nobody: a client that does not read has gone away.
 */
export async function send(
  response: ServerResponse,
  answer: Response,
  { more, gone, unreadBytesMax, unreadMs }: SendTerms,
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
      if (response.writableLength > unreadBytesMax) {
        stop();
        response.destroy();
        break;
      }
      response.write(value);
    }
  } catch (failure) {
    if (!gone.aborted) throw failure;
  } finally {
    gone.removeEventListener('abort', stop);
    response.end();
    // Nobody waits for its end any more, and it would be held for as long as its connection is there.
    if (!response.writableFinished) {
      // A request that was not read to its end has none, whatever its type says.
      const socket = (response.socket ?? response.req.socket) as Socket | null;
      response.setTimeout(unreadMs, () => response.destroy());
      // What is answered next on the connection may be a stream that is quiet for as long as it likes.
      response.prependOnceListener('finish', () => socket?.setTimeout(0));
    }
  }
}
