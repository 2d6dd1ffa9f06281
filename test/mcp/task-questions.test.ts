/** What a server of 2026-07-28 asks while it runs a task, put to a client that can be asked several things at once. */
import { expect, test } from 'vitest';
import type { Clock } from '../../src/engine/index.ts';
import type { ClientRequest } from '../../src/enforce/mcp/protocol/client-request.ts';
import type { RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import { waitForTask } from '../../src/enforce/mcp/upstream/wait-for-task.ts';

const method = 'elicitation/create';
const working = { status: 'working' };
const completed = { status: 'completed', result: { content: [{ type: 'text', text: 'done' }] } };
const asking = {
  status: 'input_required',
  inputRequests: { who: { method, params: { message: 'Who?' } } },
};

/** What comes of a task that its server shows so, each time that it is asked; `answer` is the client. */
async function come(
  shown: readonly RawResult[],
  answer: (request: ClientRequest) => Promise<RawResult> = () => new Promise(() => {}),
) {
  const [begun = {}, ...later] = shown;
  const asked: ClientRequest[] = [];
  const told: RawResult[] = [];
  const after: Clock['after'] = (_, run) => {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  };
  const result = await waitForTask(
    { taskId: 't', ...begun },
    {
      tool: { name: 'job', inputSchema: { type: 'object' } },
      clock: { now: () => 0, after } as Clock,
      signal: new AbortController().signal,
      send: async (about, params) => {
        if (about === 'tasks/update') told.push(params);
        return about === 'tasks/get' ? (later.shift() ?? completed) : {};
      },
      questions: [method],
      ask: (request) => {
        asked.push(request);
        return answer(request);
      },
      onTask: () => true,
    },
  );
  return { result, asked, told };
}

test('a question says which task it is about, and its answer is told once', async () => {
  const { asked, told } = await come([asking, asking, asking], async () => ({ action: 'accept' }));
  const _meta = { 'io.modelcontextprotocol/related-task': { taskId: 't' } };
  expect(asked).toMatchObject([{ method, params: { message: 'Who?', _meta } }]);
  expect(told).toEqual([{ taskId: 't', inputResponses: { who: { action: 'accept' } } }]);
});

test('what the server asks no more is given up while the task goes on', async () => {
  const given: string[] = [];
  const { told, result } = await come([asking, working, working], ({ signal }) => {
    signal?.addEventListener('abort', () => given.push(String(signal.reason)));
    return new Promise(() => {});
  });
  expect(given).toEqual(['Error: the server asks it no more']);
  expect([told, result]).toEqual([[], completed.result]);
});

test('what was given up and is asked again is put to the client again', async () => {
  let times = 0;
  const { asked, told } = await come([asking, working, working, asking, asking], () => {
    times += 1;
    return times === 1 ? new Promise(() => {}) : Promise.resolve({ action: 'decline' });
  });
  expect(asked).toHaveLength(2);
  expect(told).toEqual([{ taskId: 't', inputResponses: { who: { action: 'decline' } } }]);
});

test('a question that waits when the task ends is given up', async () => {
  const { asked } = await come([asking, completed]);
  expect(asked.map(({ signal }) => signal?.aborted)).toEqual([true]);
});
