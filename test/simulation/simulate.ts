/** One simulation from one seed: set up, faults and work, healing, and the audit of all of it. */
import { verify } from '../../src/engine/index.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { audit } from './auditor.ts';
import type { Reply } from './operation.ts';
import { Workload } from './workload.ts';
import { type Life, World } from './world.ts';

export interface SimulationOptions {
  readonly seed: string;
  readonly steps: number;
  readonly sabotage?: (store: Storage) => Storage;
  /** Makes handles of a store that takes real time, in place of memory's. */
  readonly handle?: () => Storage;
}

export interface SimulationResult {
  readonly seed: string;
  readonly steps: number;
  readonly problems: readonly string[];
  readonly entries: number;
  readonly operations: number;
  /** How many operations had which reply. */
  readonly replies: Readonly<Record<string, number>>;
  /** The same by kind, with the code of each refusal: `renew-lease lease-lost`, `heartbeat accepted`. */
  readonly met: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, number>>;
  readonly crashes: number;
  /** What became of parcels, and how often. */
  readonly parcels: Readonly<Record<string, number>>;
  readonly root: string;
  readonly bodies: readonly string[];
}

/** The line that runs a simulation again. */
export function commandLine({ seed, steps }: SimulationOptions): string {
  return `npm run sim -- ${seed} --steps ${steps}`;
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, steps, sabotage, handle } = options;
  const workers = 2 + ((seed.length + (seed.charCodeAt(seed.length - 1) || 0)) % 3);
  const world = new World({
    seed,
    workers,
    ...(sabotage === undefined ? {} : { sabotage }),
    ...(handle === undefined ? {} : { handle }),
  });
  const work = new Workload(world);
  for (let worker = 0; worker < workers; worker += 1) {
    const opened = world.open(worker, worker === 0);
    await world.pass(10);
    await opened;
  }
  for (let step = 0; step < steps; step += 1) {
    await trouble(world);
    const alive = world.lives.filter((life) => life !== undefined && !life.paused);
    const life = alive.length === 0 ? undefined : world.random.pick(alive);
    if (life !== undefined) {
      const acts = world.random.chance(0.2) ? world.random.integer(2, 6) : 1;
      for (let act = 0; act < acts; act += 1) work.act(life);
    }
    await world.pass(pauseMs(world));
  }
  await world.heal();
  const problems = [...(await examine(world, work))];
  const store = world.plainHandle();
  const head = await store.open('main');
  const bodies = await bodiesOf(store);
  await world.close();
  await world.settle();
  return {
    seed,
    steps,
    problems,
    entries: head.size,
    operations: work.operations.length,
    replies: countBy(work.operations, ({ reply }) => reply?.kind ?? 'unheard'),
    met: countBy(work.operations, ({ kind, reply }) => `${kind} ${wordOf(reply)}`),
    types: countBy(bodies, (body) => (JSON.parse(body) as { readonly type: string }).type),
    crashes: world.crashes,
    parcels: { ...world.parcels.met, ...(world.turns.lost > 0 ? { lost: world.turns.lost } : {}) },
    root: head.root,
    bodies,
  };
}

/** What an operation came to, in one word. */
function wordOf(reply: Reply | undefined): string {
  if (reply === undefined) return 'unheard';
  if (reply.kind === 'decided') return reply.decision.code;
  return 'code' in reply ? reply.code : 'accepted';
}

async function examine(world: World, work: Workload): Promise<readonly string[]> {
  const survivors = new Set(world.lives.flatMap((life) => (life ? [life.number] : [])));
  const store = world.plainHandle();
  await store.open('main');
  const bodies = await bodiesOf(store);
  const { operations } = work;
  const { commits } = world;
  const [held, leases] = [work.heldPermits(), work.heldLeases()];
  const problems = audit({ bodies, commits, operations, held, leases, survivors });
  const report = await verify(store);
  return [...problems, ...report.faults.map(({ code, message }) => `verify: ${code}: ${message}`)];
}

/** Faults come in phases: times without any, and times with one kind more than others. */
async function trouble(world: World): Promise<void> {
  const { random, rates, lives } = world;
  if (random.chance(0.03)) {
    const bad = random.chance(0.7);
    rates.refused = bad ? random.next() * 0.15 : 0;
    rates.refusedInDoubt = bad ? random.next() * 0.15 : 0;
    rates.lostAcknowledgement = bad ? random.next() * 0.3 : 0;
    rates.late = bad ? random.next() * 0.1 : 0;
    rates.readFails = bad && random.chance(0.5) ? random.next() * 0.3 : 0;
    rates.slow = random.chance(0.5) ? random.next() : 0;
    rates.slowMsMax = random.integer(1, 300);
  }
  for (const [worker, life] of lives.entries()) {
    if (life === undefined) {
      if (random.chance(0.2)) void world.open(worker);
    } else if (life.paused) {
      if (random.chance(0.15)) world.resume(life);
    } else {
      const happens = { nothing: 974, crash: 6, pause: 8, step: 6, drift: 6 };
      mishap(world, life, random.weighted(happens));
    }
  }
  await world.settle();
}

function mishap(world: World, life: Life, kind: string): void {
  const { random } = world;
  if (kind === 'crash') world.crash(life);
  if (kind === 'pause') world.pause(life);
  if (kind === 'step') life.clock.step(random.integer(-90_000, 45_000));
  if (kind === 'drift') life.clock.drift(0.9 + random.next() * 0.2);
}

function pauseMs({ random }: World): number {
  const length = random.weighted({ none: 30, short: 55, long: 12, expiry: 3 });
  const most = { none: 0, short: 40, long: 1_500, expiry: 25_000 }[length];
  return random.integer(0, most);
}

async function bodiesOf(store: Storage): Promise<readonly string[]> {
  const bodies: string[] = [];
  for (;;) {
    const page = await store.readEntries(bodies.length, 1_000);
    if (page.length === 0) return bodies;
    bodies.push(...page.map(({ body }) => body));
  }
}

function countBy<T>(items: readonly T[], name: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[name(item)] = (counts[name(item)] ?? 0) + 1;
  return counts;
}
