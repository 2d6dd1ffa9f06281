/** A server that goes away, or never comes: it is started again after longer and longer, and not for ever. */
import { expect, onTestFinished, test } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { Upstream } from '../../src/enforce/mcp/upstream/upstream.ts';
import { Liar } from './lying.ts';

/** A server with a clock whose only timer is the wait for the next start, which ends when the test says so. */
function upstreamOf(server: object) {
  const delays: number[] = [];
  let waiting: (() => void) | undefined;
  const clock = {
    now: () => 0,
    sleep: () => Promise.resolve(),
    after: (ms: number, run: () => void) => {
      delays.push(ms);
      waiting = run;
      return () => (waiting = undefined);
    },
  };
  const { config } = readGatewayFile(
    {
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'bot',
      servers: { one: server },
    },
    {},
  );
  const [terms] = config.servers;
  if (terms === undefined) throw new Error('the file has a server');
  const upstream = new Upstream(terms, {
    clock,
    version: '1.2.3',
    report: () => {},
    capabilities: {},
    changed: () => {},
    notified: () => {},
    taskNameAt: () => undefined,
    asked: () => Promise.reject(new Error('there is no client')),
  });
  onTestFinished(() => upstream.close());
  /** The wait is over: resolves once the server is there, or is waited for again. */
  const pass = async (): Promise<void> => {
    const count = delays.length;
    waiting?.();
    await expect
      .poll(() => upstream.problem === undefined || delays.length > count, { interval: 5 })
      .toBe(true);
  };
  return { upstream, delays, pass, isWaiting: () => waiting !== undefined };
}

test('each wait is twice the one before, up to a minute, and none is left once it is closed', async () => {
  const { upstream, delays, pass, isWaiting } = upstreamOf({
    command: ['/no/such/program'],
    protocol: 'legacy',
  });
  await upstream.start();
  for (let times = 0; times < 8; times += 1) await pass();
  expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  expect(isWaiting()).toBe(true);
  await upstream.close();
  expect(isWaiting()).toBe(false);
  expect(upstream.problem).toBe('the gateway is closing');
});

test('a server that only starts is waited for longer, and one that answered a call as at first', async () => {
  const { upstream, delays, pass } = upstreamOf(new Liar().server());
  const call = (name: string) =>
    upstream.callTool({ name, inputSchema: { type: 'object' } }, { arguments: {} });
  const dies = async (): Promise<void> => {
    const count = delays.length;
    await expect(call('die')).rejects.toThrow(/closed/i);
    await expect.poll(() => delays.length, { interval: 5 }).toBe(count + 1);
    await pass();
    expect(upstream.problem).toBeUndefined();
  };
  await upstream.start();
  await dies();
  await dies();
  await call('echo');
  await dies();
  expect(delays).toEqual([500, 1_000, 500]);
}, 60_000);

test('a server that is closed before it has started is let go of once it is there', async () => {
  const { upstream, delays } = upstreamOf(new Liar().server());
  const started = upstream.start();
  await upstream.close();
  await started;
  expect(upstream.problem).toBe('the gateway is closing');
  expect(delays).toEqual([]);
}, 60_000);
