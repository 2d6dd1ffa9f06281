/** Attacks on the gateway over stdio, by bytes that no client of the SDK would send. */
import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClientConnection } from '../../src/enforce/mcp/index.ts';
import { type Liar, lyingStage } from '../mcp/lying.ts';
import type { Stage } from '../mcp/stage.ts';

interface Answer {
  readonly id?: unknown;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

let stage: Stage;
let liar: Liar;
let served: ClientConnection;
let input: PassThrough;
let answers: Answer[];

beforeEach(async () => {
  ({ stage, liar } = await lyingStage());
  input = new PassThrough();
  const output = new PassThrough();
  answers = [];
  createInterface({ input: output }).on('line', (line) => {
    answers.push(JSON.parse(line) as Answer);
  });
  served = await stage.gateway.connect(new StdioServerTransport(input, output));
});

afterEach(async () => {
  await served.close();
  await stage.close();
});

function send(message: unknown): void {
  input.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
}

async function answerTo(id: unknown): Promise<Answer> {
  await expect
    .poll(() => answers.some((answer) => answer.id === id), { timeout: 20_000 })
    .toBe(true);
  return answers.find((answer) => answer.id === id) ?? {};
}

const request = (id: unknown, method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
const call = (id: unknown, given: object = {}) =>
  request(id, 'tools/call', { name: 'liar__echo', arguments: given });

async function initialize(): Promise<void> {
  const clientInfo = { name: 'raw', version: '1' };
  send(
    request('init', 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }),
  );
  await answerTo('init');
  send({ jsonrpc: '2.0', method: 'notifications/initialized' });
}

test('A117: a call before `initialize` is an error of the protocol, and is not forwarded', async () => {
  send(call(1));
  expect((await answerTo(1)).error?.code).toBe(-32_600);
  await initialize();
  send(call(2));
  expect((await answerTo(2)).result?.['isError']).toBeUndefined();
  expect(liar.callsOf('echo')).toHaveLength(1);
});

test('A117: a revision that nobody knows is refused, and what it asks is not forwarded', async () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2099-01-01',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  send(request(1, 'tools/call', { name: 'liar__echo', arguments: {}, _meta: meta }));
  expect((await answerTo(1)).error).toBeDefined();
  expect(liar.calls).toEqual([]);
});

test('A117: a later client’s call without its envelope is refused', async () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  send(request(1, 'tools/list', { _meta: meta }));
  expect((await answerTo(1)).result).toBeDefined();
  send(call(2));
  expect((await answerTo(2)).error).toBeDefined();
  expect(liar.calls).toEqual([]);
});

test('A116: another method, however close, is none', async () => {
  await initialize();
  for (const [id, method] of [
    'tools/call ',
    'Tools/Call',
    'tools//call',
    'tools/list_all',
  ].entries()) {
    send({ ...call(id), method });
    expect((await answerTo(id)).error?.code).toBe(-32_601);
  }
  expect(liar.calls).toEqual([]);
});

test('A116: what is no request decides nothing: a batch, another version, a notification, no JSON', async () => {
  await initialize();
  send([call(1), call(2)]);
  send({ ...call(3), jsonrpc: '1.0' });
  send({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'liar__echo', arguments: {} } });
  send({ ...call(4), id: null });
  send('this is no JSON');
  send(call('last'));
  expect((await answerTo('last')).result).toBeDefined();
  expect(liar.callsOf('echo')).toHaveLength(1);
  expect(await stage.eventsOf('action-decided')).toHaveLength(1);
});

test('A116: one decision for each call, also where an id is used again', async () => {
  await initialize();
  send(call(7, { n: 1 }));
  await answerTo(7);
  send(call(7, { n: 2 }));
  await expect.poll(() => answers.filter(({ id }) => id === 7).length).toBe(2);
  expect(liar.callsOf('echo').map(({ given }) => given)).toEqual([{ n: 1 }, { n: 2 }]);
  expect(await stage.eventsOf('action-decided')).toHaveLength(2);
});

test('A15, A16: of a member that is there twice, what is decided on is what is sent', async () => {
  await initialize();
  send(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"liar__echo",' +
      '"arguments":{"amount":1,"amount":1000000}}}',
  );
  await answerTo(1);
  const [decided] = await stage.eventsOf('action-decided');
  expect(decided).toBeDefined();
  expect(liar.callsOf('echo').map(({ given }) => given)).toEqual([{ amount: 1_000_000 }]);
  send(
    '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"liar__echo",' +
      '"arguments":{"__proto__":{"admin":true}}}}',
  );
  await answerTo(2);
  expect(({} as { readonly admin?: unknown }).admin).toBeUndefined();
});

test('a message above what is read ends the connection, and the servers behind it', async () => {
  await initialize();
  input.write('x'.repeat(12_000_000));
  await served.closed;
  expect(liar.calls).toEqual([]);
});

test('a call that a client of 2026-07-28 cancels is cancelled, though a notification need not say its era', async () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  send(request(1, 'tools/call', { name: 'liar__never', arguments: {}, _meta: meta }));
  await expect.poll(() => liar.callsOf('never')).toHaveLength(1);
  send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
  await expect.poll(() => stage.eventsOf('permit-settled')).toMatchObject([{ outcome: 'unknown' }]);
  // What is asked without its era is refused as before.
  send(call(2));
  expect((await answerTo(2)).error?.code).toBe(-32_600);
  expect(liar.callsOf('echo')).toEqual([]);
});
