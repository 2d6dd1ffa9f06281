/** What a client says to servers of its own accord: it reaches them until a kill switch covers the session. */
import type { ClientCapabilities, Notification } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { AskedOfClient } from '../../src/enforce/mcp/client/asked-of-client.ts';
import { passingLimits } from '../../src/enforce/mcp/config/config.ts';
import { askable, capabilitiesIn } from '../../src/enforce/mcp/protocol/capabilities.ts';
import type { RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import type { Upstream } from '../../src/enforce/mcp/upstream/upstream.ts';
import { FakeClock } from '../../src/testing/index.ts';

const requests = { sampling: { createMessage: {} }, elicitation: { create: {} } };
const envelope = 'io.modelcontextprotocol/clientCapabilities';

/** A server that has asked for a sampling as a task, with a token to hear how far it is. */
async function asking() {
  const told: Notification[] = [];
  const at = { notify: async (said: Notification) => void told.push(said) } as unknown as Upstream;
  let stopped: string | undefined;
  let given: RawResult = {};
  const asked = new AskedOfClient({
    clock: new FakeClock(),
    capabilities: { sampling: {}, tasks: { requests } },
    ask: async ({ params }) => {
      given = params ?? {};
      return { task: { taskId: 'of the client', status: 'working', ttl: 60_000 } };
    },
    tasks: { nameAtServer: () => undefined, nameAtClient: () => undefined },
    stopped: async () => stopped,
  });
  const params = { task: {}, _meta: { progressToken: 'of the server' } };
  await asked.asked(at, { method: 'sampling/createMessage', params });
  const { progressToken } = given['_meta'] as { readonly progressToken: unknown };
  const speak = async (): Promise<number> => {
    const before = told.length;
    const status = { taskId: 'of the client', status: 'working' };
    await asked.said({ method: 'notifications/tasks/status', params: status });
    await asked.said({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    return told.length - before;
  };
  return { speak, kill: () => void (stopped = 'killed') };
}

test('once a kill switch covers the session, no server hears how far its client is', async () => {
  const { speak, kill } = await asking();
  expect(await speak()).toBe(2);
  kill();
  expect(await speak()).toBe(0);
});

test('of a question that was answered, no server hears any more how far it is', async () => {
  const told: Notification[] = [];
  const at = { notify: async (said: Notification) => void told.push(said) } as unknown as Upstream;
  const asked = Promise.withResolvers<RawResult>();
  const answer = Promise.withResolvers<RawResult>();
  const question = new AskedOfClient({
    clock: new FakeClock(),
    capabilities: { sampling: {} },
    ask: ({ params = {} }) => {
      asked.resolve(params);
      return answer.promise;
    },
    tasks: { nameAtServer: () => undefined, nameAtClient: () => undefined },
    stopped: async () => undefined,
  });
  const params = { _meta: { progressToken: 'of the server' } };
  const answered = question.asked(at, { method: 'sampling/createMessage', params });
  const { progressToken } = (await asked.promise)['_meta'] as { readonly progressToken: unknown };
  const speak = (progress: number): Promise<void> =>
    question.said({ method: 'notifications/progress', params: { progressToken, progress } });
  await speak(1);
  const first = { progress: 1, progressToken: 'of the server' };
  expect(told).toEqual([{ method: 'notifications/progress', params: first }]);
  answer.resolve({});
  await answered;
  await speak(2);
  expect(told).toHaveLength(1);
});

/** Asks a client that answers only when it is let, in a session that can be stopped. */
function waiting() {
  const answers: ((answer: RawResult) => void)[] = [];
  let stopped: string | undefined;
  const asked = new AskedOfClient({
    clock: new FakeClock(),
    capabilities: { sampling: {} },
    ask: () => new Promise((resolve) => answers.push(resolve)),
    tasks: { nameAtServer: () => undefined, nameAtClient: () => undefined },
    stopped: async () => stopped,
  });
  const serverOf = () => ({}) as Upstream;
  const ask = (at: Upstream) => asked.asked(at, { method: 'sampling/createMessage', params: {} });
  return { answers, serverOf, ask, kill: () => void (stopped = 'killed') };
}

test('what a client answers after a kill switch was pulled reaches no server', async () => {
  const { answers, serverOf, ask, kill } = waiting();
  const answer = ask(serverOf());
  await expect.poll(() => answers.length).toBe(1);
  kill();
  answers[0]?.({ role: 'assistant' });
  await expect(answer).rejects.toThrow('killed');
});

test('of one server no more requests wait for a client than may, and another is heard all the same', async () => {
  const { answers, serverOf, ask } = waiting();
  const [one, other] = [serverOf(), serverOf()];
  const first = ask(one);
  for (let more = 1; more < passingLimits.askedMax; more += 1) void ask(one);
  await expect(ask(one)).rejects.toThrow('wait for the client at a time');
  expect(answers).toHaveLength(passingLimits.askedMax);
  void ask(other);
  await expect.poll(() => answers.length).toBe(passingLimits.askedMax + 1);
  answers[0]?.({});
  await first;
  void ask(one);
  await expect.poll(() => answers.length).toBe(passingLimits.askedMax + 2);
});

describe('what servers are told that a client runs as a task', () => {
  const sampling = { createMessage: {} };
  const rows: [ClientCapabilities, ClientCapabilities['tasks']][] = [
    [
      { sampling: {}, elicitation: {}, tasks: { list: {}, requests } },
      { list: {}, requests },
    ],
    // What it cannot be asked at all, it does not run as a task.
    [{ sampling: {}, tasks: { requests } }, { requests: { sampling } }],
    [{ tasks: { cancel: {}, requests } }, undefined],
    [{ sampling: {}, tasks: { cancel: {} } }, undefined],
  ];
  test.each(rows)('%j: %j', (capabilities, tasks) => {
    expect(askable(capabilities).tasks).toEqual(tasks);
  });

  test('is nothing in the era of 2026-07-28, whatever a client says', () => {
    const capabilities = { sampling: {}, tasks: { requests } };
    expect(capabilitiesIn({ capabilities })).toEqual(capabilities);
    expect(capabilitiesIn({ _meta: { [envelope]: capabilities } })).toEqual({ sampling: {} });
  });
});
