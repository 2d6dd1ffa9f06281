/**
 * A client of 2026-07-28 by hand, message for message, over a channel such as stdio or over HTTP: what it says
 * of itself it says with each request, and nothing is done for it.
 */
import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { SUBSCRIPTION_ID_META_KEY } from '@modelcontextprotocol/server';
import type { RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import type { HttpStage } from './http-stage.ts';
import type { Stage } from './stage.ts';

export const extension = 'io.modelcontextprotocol/tasks';
export const withTasks = { extensions: { [extension]: {} } };
export const withBoth = { ...withTasks, elicitation: {} };

export interface RawAnswer {
  readonly result?: RawResult;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
  /** Over HTTP. */
  readonly status?: number;
}

export interface RawRequest {
  /** `withTasks` unless the test says otherwise. */
  readonly capabilities?: object;
  /** Over HTTP: in place of those that belong to the request. */
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export interface RawClient {
  ask(method: string, params?: object, more?: RawRequest): Promise<RawAnswer>;
  /** What it was told beside answers. */
  readonly heard: readonly JSONRPCMessage[];
  close(): Promise<void>;
}

function message(id: number, method: string, params: object, capabilities: object) {
  const _meta = {
    ...(params as { readonly _meta?: object })._meta,
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'by hand', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  return { jsonrpc: '2.0' as const, id, method, params: { ...params, _meta } };
}

export async function rawChannel({ gateway }: Stage): Promise<RawClient> {
  const [near, far] = InMemoryTransport.createLinkedPair();
  const served = await gateway.connect(far);
  const waiting = new Map<unknown, (answer: RawAnswer) => void>();
  const heard: JSONRPCMessage[] = [];
  near.onmessage = (said) => {
    if ('method' in said) {
      heard.push(said);
      const { [SUBSCRIPTION_ID_META_KEY]: id } = Object(said.params?._meta) as Record<
        string,
        unknown
      >;
      // Whoever listens has no other answer until it no longer does.
      waiting.get(id)?.({});
    } else waiting.get(said.id)?.(said);
  };
  await near.start();
  let id = 0;
  return {
    heard,
    ask: async (method, params = {}, { capabilities = withTasks } = {}) => {
      id += 1;
      const { promise, resolve } = Promise.withResolvers<RawAnswer>();
      waiting.set(id, resolve);
      await near.send(message(id, method, params, capabilities));
      return promise;
    },
    close: async () => {
      await near.close();
      await served.closed;
    },
  };
}

/** With ada's key, or bob's. */
export function rawHttp(on: HttpStage, who: 'ada' | 'bob' = 'ada'): RawClient {
  let id = 0;
  const heard: JSONRPCMessage[] = [];
  return {
    heard,
    ask: async (method, params = {}, { capabilities = withTasks, headers, signal } = {}) => {
      id += 1;
      const { name, taskId } = params as { readonly name?: string; readonly taskId?: unknown };
      const named = name ?? taskId;
      const answer = await on.send(message(id, method, params, capabilities), {
        ...(signal === undefined ? {} : { signal }),
        headers: {
          authorization: `Bearer ${on.keys[who]}`,
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': method,
          ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
          ...headers,
        },
      });
      const { status } = answer;
      const text = await answer.text();
      if (answer.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
        return { ...(JSON.parse(text) as RawAnswer), status };
      }
      const lines = text.split('\n').filter((line) => line.startsWith('data: '));
      const said = lines.map((line) => JSON.parse(line.slice(6)) as JSONRPCMessage);
      heard.push(...said.filter((each) => 'method' in each));
      return { ...(said.at(-1) as RawAnswer), status };
    },
    close: async () => {},
  };
}
