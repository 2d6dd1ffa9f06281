/**
 * Receivers for tests: real HTTP servers on this machine that keep what came in, and waiting for
 * conditions.
 */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { ReceivedHeaders } from '../../src/notify/index.ts';
import { certificate, privateKey } from './certificate.ts';

export interface Received {
  readonly headers: ReceivedHeaders;
  readonly body: string;
  readonly path: string;
  /** The name that the client asked for by TLS. */
  readonly servername: string | undefined;
}

/** A status to answer with, or `hang` for none at all. */
export type Reply = number | 'hang';

export interface Receiver {
  readonly port: number;
  readonly url: string;
  readonly received: Received[];
  /** Answers that are given in turn; after them, 204. */
  readonly replies: Reply[];
}

/** Starts a receiver that ends with its test. Answers carry a `location` header, for who would follow one. */
export async function receiver(
  options: {
    readonly secure?: boolean;
    readonly location?: string;
    readonly host?: string;
    readonly port?: number;
  } = {},
): Promise<Receiver> {
  const received: Received[] = [];
  const replies: Reply[] = [];
  const onRequest: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const { servername } = request.socket as { readonly servername?: string };
      received.push({ headers: request.headers, body, path: request.url ?? '', servername });
      const reply = replies.shift() ?? 204;
      if (reply === 'hang') return;
      response.writeHead(reply, { location: options.location ?? '/elsewhere' });
      response.end();
    });
  };
  const server =
    options.secure === true
      ? https.createServer({ cert: certificate, key: privateKey }, onRequest)
      : http.createServer(onRequest);
  await new Promise<void>(
    (resolve) => void server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve),
  );
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/hook?of=test`, received, replies };
}

/** Waits until a condition holds, however long it takes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, { interval: 5 }).toBe(true);
}
