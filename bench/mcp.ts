/** The MCP gateway: calls directly, through a proxy, and decided and recorded; memory of a connection. */
import { setTimeout as sleep } from 'node:timers/promises';
import { awakeClock, machineMs } from './awake.ts';
import { FindingsBuilder } from './findings.ts';
import { withFreshFile } from './fresh-file.ts';
import { direct, GatedServer, proxied, type Reached } from './mcp-ways.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, runRounds, type Sample } from './rounds.ts';
import { percentile } from './spread.ts';

const callerCounts = [1, 32] as const;
const bytesPerMb = 1_048_576;

export async function measureMcp(plan: Plan): Promise<FindingsBuilder> {
  const ways = {
    'direct call': withReached(direct),
    'pass-through proxy': withReached(proxied),
    gateway: (use: Use) => gated(plan, use),
  };
  const contenders = callerCounts.flatMap((callers) =>
    Object.entries(ways).map(([way, reach]): Contender => {
      const run = (): Promise<Sample> => reach((client) => drive(client, callers, plan.roundMs));
      return { name: nameOf(way, callers), run };
    }),
  );
  const connections = plan.quick ? 4 : 20;
  contenders.push({ name: 'connections', run: () => memoryOf(plan, connections) });
  const rounds = await runRounds(contenders, { rounds: plan.rounds, progress: progressOf('mcp') });
  const found = new FindingsBuilder();
  for (const callers of callerCounts) {
    for (const way of Object.keys(ways)) {
      const name = nameOf(way, callers);
      found.figure(name, rounds.spread(name, 'perSecond'), '/s');
      found.figure(`${name}, p99`, rounds.spread(name, 'p99Ms'), 'ms');
    }
    for (const way of ['direct call', 'pass-through proxy']) {
      const ratio = rounds.ratio(
        [nameOf('gateway', callers), 'perCallMs'],
        [nameOf(way, callers), 'perCallMs'],
      );
      found.figure(`time of a call, gateway / ${nameOf(way, callers)}`, ratio, '×');
    }
  }
  found.figure('heap of a connection', rounds.spread('connections', 'heapMb'), 'MB');
  return found;
}

function nameOf(way: string, callers: number): string {
  return `${way}, ${callers === 1 ? '1 caller' : `${callers} callers`}`;
}

type Client = Reached['client'];
type Use = (client: Client) => Promise<Sample>;

function withReached(reach: () => Promise<Reached>): (use: Use) => Promise<Sample> {
  return async (use) => {
    const reached = await reach();
    try {
      return await use(reached.client);
    } finally {
      await reached.close();
    }
  };
}

function gated(plan: Plan, use: Use): Promise<Sample> {
  return withFreshFile(plan.folder, async (path) => {
    const server = await GatedServer.open(path);
    try {
      const sample = await withReached(() => server.connect())(use);
      await assertDecided(server, sample['calls'] ?? 0);
      return sample;
    } finally {
      await server.plane.close();
    }
  });
}

/** A figure of calls that were not decided would be none. */
async function assertDecided({ plane }: GatedServer, calls: number): Promise<void> {
  let settled = 0;
  for await (const event of plane.events({ types: ['permit-settled'] })) {
    if (event.data !== undefined) settled += 1;
  }
  if (settled !== calls) throw new Error(`${calls} calls were made and ${settled} are in the log`);
}

async function drive(client: Client, callers: number, milliseconds: number): Promise<Sample> {
  const calls: (readonly [from: number, to: number])[] = [];
  let n = 0;
  const clock = await awakeClock();
  const end = machineMs() + milliseconds;
  const caller = async (): Promise<void> => {
    while (machineMs() < end) {
      n += 1;
      const from = machineMs();
      const result = await client.callTool({ name: 'echo', arguments: { n } });
      if (result.isError === true) throw new Error(JSON.stringify(result.content));
      calls.push([from, machineMs()]);
    }
  };
  const spent = await clock.during(async () => {
    await Promise.all(Array.from({ length: callers }, caller));
  });
  const times = calls.map(([from, to]) => clock.between(from, to)).toSorted((a, b) => a - b);
  return {
    calls: times.length,
    perSecond: times.length / (spent / 1_000),
    perCallMs: spent / times.length,
    p99Ms: percentile(times, 0.99),
  };
}

/** Of the gateway's process: the client's end is in it too, the server's own process is not. */
function memoryOf(plan: Plan, connections: number): Promise<Sample> {
  return withFreshFile(plan.folder, async (path) => {
    const server = await GatedServer.open(path);
    const open: Reached[] = [await server.connect()];
    const before = await settledHeap();
    while (open.length <= connections) open.push(await server.connect());
    const after = await settledHeap();
    await Promise.all(open.map(({ close }) => close()));
    await server.plane.close();
    return { heapMb: (after - before) / connections / bytesPerMb };
  });
}

/** What earlier contenders leave goes by and by, as their sockets close: collects until nothing more goes. */
async function settledHeap(): Promise<number> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('the process was not started with --expose-gc');
  let least = Number.POSITIVE_INFINITY;
  for (let unchanged = 0; unchanged < 5;) {
    await sleep(50);
    gc();
    const { heapUsed } = process.memoryUsage();
    unchanged = heapUsed < least - 10_000 ? 0 : unchanged + 1;
    least = Math.min(least, heapUsed);
  }
  return least;
}
