/** How long a task of a client of 2025-11-25 is kept: as long as it asks for, within bounds. */
import { expect, test } from 'vitest';
import { ClientTasks } from '../../src/enforce/mcp/call/client-tasks.ts';
import { RunningTasks } from '../../src/enforce/mcp/call/running-tasks.ts';
import { TaskStore } from '../../src/enforce/mcp/call/task-store.ts';
import { taskLimits } from '../../src/enforce/mcp/config/config.ts';
import { FakeClock } from '../../src/testing/index.ts';

const { ttlMs, ttlMsMin, ttlMsMax } = taskLimits;

test.each([
  ['no time', undefined, ttlMs],
  ['a text', '60000', ttlMs],
  ['a time before it began', -1, ttlMs],
  ['none at all', 0, ttlMsMin],
  ['a little less than the least', ttlMsMin - 1, ttlMsMin],
  ['something between', ttlMsMin + 1, ttlMsMin + 1],
  ['more than the most', ttlMsMax + 1, ttlMsMax],
])('one that asks for %s gets what there is', (_, ttl, given) => {
  const running = new RunningTasks(new TaskStore(new FakeClock()), { context: 'ada' });
  const tasks = new ClientTasks(running, () => {});
  const answer = tasks.start({ ttl }, () => new Promise(() => {}));
  expect(answer).toMatchObject({ task: { ttl: given } });
});
