/** How much of what a server says by itself passes in a second, and that the rest is counted. */
import { expect, test } from 'vitest';
import { passingLimits } from '../../src/enforce/mcp/config/config.ts';
import { NotificationRate } from '../../src/enforce/mcp/upstream/notification-rate.ts';
import { FakeClock } from '../../src/testing/index.ts';

const most = passingLimits.notificationsPerSecondMax;

test('in a second so many pass, and how many did not is told when the next begins', () => {
  const clock = new FakeClock();
  const reports: string[] = [];
  const rate = new NotificationRate(clock, (message) => void reports.push(message));
  const passed = (count: number) =>
    Array.from({ length: count }, () => rate.admits()).filter(Boolean).length;
  expect(passed(most)).toBe(most);
  clock.advance(1_000);
  expect(passed(most + 3)).toBe(most);
  expect(reports).toEqual([]);
  clock.advance(1_000);
  expect(passed(1)).toBe(1);
  expect(reports).toEqual(['3 notifications were left out: they came too fast']);
});
