/**
 * The gateway in front of a server that runs calls as tasks, over stdio or HTTP, with clients of 2026-07-28 by
 * hand, and what the server was really asked. It is closed when its test is over.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import { program } from '../programs.ts';
import { HttpStage, type HttpStageOptions } from './http-stage.ts';
import { type RawClient, rawChannel, rawHttp } from './raw-client.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';

const servers = {
  modern: program('extension-server'),
  legacy: program('task-server'),
};
const tools = ['slow', 'either', 'plain', 'finish', 'always'];
export const policy = policyFor(tools.map((name) => `jobs.${name}`));

/** Of the test that runs. */
export const now: { stage?: Stage; http?: HttpStage; journal: string } = { journal: '' };
let clients: RawClient[] = [];

async function closeAll(): Promise<void> {
  const { stage, http } = now;
  delete now.stage;
  delete now.http;
  for (const client of clients) await client.close();
  clients = [];
  await (http ?? stage)?.close();
}

interface On extends Pick<Stage, 'plane' | 'eventsOf'> {
  readonly client: () => Promise<RawClient>;
}

/** `era`: of the server. */
export async function open(
  road: 'stdio' | 'http',
  era: keyof typeof servers,
  {
    server = {},
    limits,
    ...more
  }: Pick<
    HttpStageOptions,
    'server' | 'limits' | 'policy' | 'file' | 'http' | 'clock' | 'authenticators' | 'seen'
  > = {},
): Promise<On> {
  onTestFinished(closeAll);
  now.journal = join(temporaryFolder(), 'journal');
  const command = [process.execPath, servers[era], now.journal];
  const options = { servers: { jobs: { command, protocol: era, ...server } }, policy, ...more };
  if (road === 'http') now.http = await HttpStage.open({ ...options, ...(limits && { limits }) });
  const { http } = now;
  const stage = http?.stage ?? (await Stage.open(options));
  now.stage = stage;
  const client = async (): Promise<RawClient> => {
    const made = http === undefined ? await rawChannel(stage) : rawHttp(http);
    clients.push(made);
    return made;
  };
  return { plane: stage.plane, eventsOf: (...types) => stage.eventsOf(...types), client };
}

interface Noted {
  readonly method?: string;
  readonly called?: string;
  readonly waitedFor?: string;
  readonly cancelled?: string;
  readonly answered?: string;
}

export function noted(): readonly Noted[] {
  if (!existsSync(now.journal)) return [];
  const lines = readFileSync(now.journal, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Noted);
}

export const asked = (name: string) => noted().filter(({ method }) => method === name);

export const call = (given: object = {}, name = 'slow') => ({
  name: `jobs__${name}`,
  arguments: given,
});

/** Makes a call that is answered with a task, and gives its id. */
export async function begin(
  client: RawClient,
  given: object = {},
  more: object = {},
): Promise<string> {
  const { result } = await client.ask('tools/call', call(given), more);
  expect(result).toMatchObject({ resultType: 'task' });
  return String(result?.['taskId']);
}

export async function get(
  client: RawClient,
  taskId: string,
  more: object = {},
): Promise<RawResult> {
  const { result, error } = await client.ask('tasks/get', { taskId }, more);
  expect(error).toBeUndefined();
  return result ?? {};
}

export async function statusOf(
  client: RawClient,
  taskId: string,
  more: object = {},
): Promise<unknown> {
  return (await get(client, taskId, more))['status'];
}

/** By the gateway's keys. */
export const questionsOf = ({ inputRequests = {} }: RawResult) =>
  inputRequests as Readonly<Record<string, RawResult>>;

export const resultOf = ({ result }: RawResult) =>
  result as RawResult & { readonly content: unknown };

export const settled = (on: On) => on.eventsOf('permit-settled');
export const outcomes = async (on: On) => (await settled(on)).map(({ outcome }) => outcome);
export const end = () => writeFileSync(`${now.journal}.end`, '');

export const finish = (client: RawClient, how = 'well') =>
  client.ask('tools/call', call({ how }, 'finish'));
