/** How often a server of 2026-07-28 is asked about a task, and what it may say that the task came to. */
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/engine/index.ts';
import { taskLimits } from '../../src/enforce/mcp/config/config.ts';
import type { RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import { checked } from '../../src/enforce/mcp/upstream/checked-result.ts';
import { waitForTask } from '../../src/enforce/mcp/upstream/wait-for-task.ts';

const inputSchema = { type: 'object' as const };
const tool = { name: 'job', inputSchema };
const content = [{ type: 'text', text: 'done' }];

/** Waits for a task that its server begins so, and that has ended when it is asked about. */
async function waited(begun: RawResult, came: RawResult = { content }) {
  const waits: number[] = [];
  const after: Clock['after'] = (ms, run) => {
    waits.push(ms);
    run();
    return () => {};
  };
  const result = await waitForTask(begun, {
    tool,
    clock: { now: () => 0, after } as Clock,
    signal: new AbortController().signal,
    send: async () => ({ status: 'completed', result: came }),
    questions: [],
    ask: () => Promise.reject(new Error('nobody is asked')),
  });
  return { waits, result };
}

test.each([
  { says: 500, waits: 500 },
  { says: 0, waits: taskLimits.pollIntervalMsMin },
  { says: -1, waits: taskLimits.pollIntervalMsMin },
  { says: 3_600_000, waits: taskLimits.pollIntervalMsMax },
  { says: undefined, waits: taskLimits.pollIntervalMs },
  { says: 'soon', waits: taskLimits.pollIntervalMs },
])('a server that says $says is asked after $waits ms', async ({ says, waits }) => {
  const task = { taskId: 't', status: 'working', pollIntervalMs: says };
  expect((await waited(task)).waits).toEqual([waits]);
});

test.each([{}, { taskId: '' }, { taskId: 7 }])(
  'a task that is called %j is none',
  async (named) => {
    await expect(waited({ status: 'working', ...named })).rejects.toThrow('no `taskId`');
  },
);

describe('what a task came to', () => {
  const outputSchema = {
    type: 'object' as const,
    properties: { count: { type: 'number' as const } },
    required: ['count'],
  };
  const strict = { ...tool, outputSchema };

  test('is held against the schema of its tool', () => {
    const fits = { content, structuredContent: { count: 1 } };
    expect(checked(strict, fits)).toBe(fits);
    for (const structuredContent of [{ count: 'one' }, {}]) {
      expect(() => checked(strict, { content, structuredContent })).toThrow('does not fit');
    }
    expect(() => checked(strict, { content })).toThrow('no structured content');
  });

  test('is no result without content, whatever the schema', () => {
    expect(() => checked(tool, { nothing: true })).toThrow('no content');
  });

  test('is not held against it where the tool says that it failed', () => {
    const failed = { content, isError: true };
    expect(checked(strict, failed)).toBe(failed);
  });

  test('is held against it in either era', async () => {
    const task = { taskId: 't', status: 'working' };
    await expect(waited(task, { nothing: true })).rejects.toThrow('no content');
  });
});
