/**
 * A process of callers who note when they asked, when they were answered, and at which index of the log. Arguments:
 * place of the log, session, label, how many operations. Prints `ready`, waits for a line, acts, and prints each
 * `Operation` as JSON. The clock is the machine's monotonic one, so that what processes note can be compared.
 */
import { once } from 'node:events';
import { bindTool, ControlPlaneError, openControlPlane } from '../../src/engine/index.ts';
import type { Permit } from '../../src/engine/index.ts';
import { Random } from '../../src/testing/index.ts';
import { storeAt } from '../crash/place.ts';
import { payTool } from './witnessed.ts';

export interface Operation {
  readonly kind: 'authorize' | 'start' | 'void' | 'settle' | 'kill' | 'release';
  /** Instants in ns, before the call and after the answer. */
  readonly from: number;
  readonly to: number;
  /** Of the entry that answers it; of a refusal without one, of the entry that it stands before. */
  readonly index: number;
  readonly refused?: true;
  /** Of the permit, or the decision. */
  readonly id: string;
  /** What was asked for, or used, in micro-USD. */
  readonly amount: number;
  /** The decision's code, what was posted, or what it is that was done. */
  readonly reply: string;
}

const callers = 16;
/** How many operations lie between two kills. */
const killEvery = 400;

const [place = '', sessionId = '', label = '', count = ''] = process.argv.slice(2);
const random = new Random(label);
const plane = await openControlPlane({ storage: storeAt(place) });
const agent = plane.identity.assert({ id: 'service:shared', org: 'acme', roles: ['agent'] });
const ops = plane.identity.assert({ id: 'service:ops', org: 'acme', roles: ['operator', 'admin'] });
const session = await plane.attachSession(agent, sessionId);
const operations: Operation[] = [];
let begun = 0;

process.stdout.write('ready\n');
await once(process.stdin, 'data');
await Promise.all(Array.from({ length: callers }, work));
await plane.close();
for (const operation of operations) process.stdout.write(`${JSON.stringify(operation)}\n`);
process.stdin.destroy();

async function work(): Promise<void> {
  while (begun < Number(count)) {
    begun += 1;
    // One process kills and releases: whoever kills what is killed already gets no entry.
    if (label === 'w0' && begun % killEvery === 0) await killAndRelease();
    else await pay();
  }
}

async function pay(): Promise<void> {
  const dollars = random.integer(1, 5);
  const amount = dollars * 1_000_000;
  const from = instant();
  const startsLater = random.chance(0.3);
  const { id, code, index, permit } = await session.authorize({
    tool: bindTool(payTool),
    arguments: session.read({ amount: String(dollars) }),
    start: startsLater ? 'later' : 'now',
  });
  operations.push({ kind: 'authorize', from, to: instant(), index, id, amount, reply: code });
  if (permit === undefined) return;
  if (startsLater && !(await started(permit))) return;
  begun += 1;
  const used = random.integer(0, 1);
  const settling = instant();
  const settled = await session.settle(permit, {
    outcome: 'succeeded',
    usage: { usd: used === 1 ? '0.000001' : '0' },
  });
  operations.push({
    kind: 'settle',
    from: settling,
    to: instant(),
    index: settled.index ?? -1,
    id,
    amount: used,
    reply: String(settled.posted['usd']),
  });
}

/** Starts a permit, or gives it back: by chance, or because it was killed meanwhile. */
async function started(permit: Permit): Promise<boolean> {
  const { id } = permit;
  begun += 1;
  const from = instant();
  if (random.chance(0.5)) {
    try {
      const { index = -1 } = await session.start(permit);
      operations.push({
        kind: 'start',
        from,
        to: instant(),
        index,
        id,
        amount: 0,
        reply: 'started',
      });
      return true;
    } catch (failure) {
      if (!ControlPlaneError.is(failure) || failure.code !== 'killed') throw failure;
      const { index = -1, code: reply } = failure;
      const at = { from, to: instant(), index };
      operations.push({ kind: 'start', ...at, id, amount: 0, reply, refused: true });
    }
  }
  const { index = -1 } = await session.void(permit);
  operations.push({ kind: 'void', from, to: instant(), index, id, amount: 0, reply: 'voided' });
  return false;
}

async function killAndRelease(): Promise<void> {
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  const from = instant();
  const { engagedIndex: index } = await plane.kill({ scope, by: ops, reason: 'now and then' });
  operations.push({ kind: 'kill', from, to: instant(), index, id: '', amount: 0, reply: 'killed' });
  await pay();
  begun += 1;
  const releasing = instant();
  const { index: released = -1 } = await plane.release({ scope, by: ops, reason: 'it is over' });
  const over = { id: '', amount: 0, reply: 'released' };
  operations.push({ kind: 'release', from: releasing, to: instant(), index: released, ...over });
}

function instant(): number {
  return Number(process.hrtime.bigint());
}
