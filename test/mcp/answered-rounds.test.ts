/** An answer that comes in a round of its own is one to a question that is open, or the call is gone. */
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { program } from '../programs.ts';
import { policyFor, Stage, temporaryFolder, textOf } from './stage.ts';
import { accepted } from './task-client.ts';

const late = join(temporaryFolder(), 'late');
const command = [process.execPath, program('relay-server'), late];
const question = {
  method: 'elicitation/create',
  params: { message: 'who?', requestedSchema: { type: 'object', properties: {} } },
};
const call = { name: 'one__ask', arguments: question };

let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

interface Round {
  readonly requestState?: string;
  readonly inputRequests?: Readonly<Record<string, unknown>>;
  readonly content?: unknown;
}

/** A call whose server has asked its client something, and what goes on with it. */
async function asked() {
  const servers = { one: { command, protocol: 'legacy' } };
  stage = await Stage.open({ servers, policy: policyFor(['one.ask']) });
  const client: Client = await stage.modernClient({ capabilities: { elicitation: {} } });
  const send = async (params: Record<string, unknown>): Promise<Round> => {
    const request = { method: 'tools/call' as const, params };
    return client.request(request, { allowInputRequired: true });
  };
  const { requestState, inputRequests = {} } = await send(call);
  const [key = ''] = Object.keys(inputRequests);
  const round = (inputResponses?: object): Promise<Round> =>
    send({ ...call, requestState, ...(inputResponses === undefined ? {} : { inputResponses }) });
  return { round, key };
}

test('a question is answered once: whoever answers again is told that the call is gone', async () => {
  const { round, key } = await asked();
  expect(textOf(await round({ [key]: accepted }))).toContain('Ada');
  expect(textOf(await round({ [key]: accepted }))).toContain('call-gone');
});

test('a round without the answer is told so, and the question can still be answered', async () => {
  const { round, key } = await asked();
  expect(textOf(await round())).toContain('call-gone');
  expect(textOf(await round({ another: accepted }))).toContain('call-gone');
  expect(textOf(await round({ [key]: accepted }))).toContain('Ada');
});
