/**
 * A process that governs tool calls in one session of a SQLite file until it is killed. Arguments:
 * path, session, label; with the label `once` it ends by itself when it is open. Prints JSON lines,
 * each written before the next step is taken:
 *
 *   {"ready":true}                                     the control plane is open
 *   {"ack":id,"index":n,"outcome":text}                a decision was answered
 *   {"start":id,"key":text}                            a tool is running, from inside it
 *   {"settled":id}                                     a settlement was answered
 *   {"keyed":key}                                      a guarded call with a shared key returned
 */
import { bindTool, ControlPlaneError, openControlPlane } from '../../src/engine/index.ts';
import { guard, type Tool } from '../../src/enforce/guard.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { Random } from '../../src/testing/index.ts';

interface Payment {
  readonly nonce: string;
  readonly amount: string;
}

const [path = '', sessionId = '', label = ''] = process.argv.slice(2);
const random = new Random(`${sessionId} ${label}`);

const pay: Tool<Payment, object> = {
  name: 'pay',
  action: 'order.pay',
  estimate: { usd: { argument: 'amount' } },
  execute: async ({ nonce, amount }, { permit }) => {
    print({ start: permit.id, key: nonce });
    await new Promise((resolve) => void setImmediate(resolve));
    if (random.chance(0.1)) throw new Error('the tool failed');
    return { paid: amount };
  },
  usage: (_, { amount }) => ({ usd: random.chance(0.5) ? amount : '0.50' }),
};

const plane = await openControlPlane({ storage: sqlite(path) });
const principal = plane.identity.assert({ id: 'service:shared', org: 'acme', roles: ['agent'] });
const session = await plane.attachSession(principal, sessionId);
const governed = guard(session, pay);
print({ ready: true });

let calls = 0;
if (label === 'once') await plane.close();
else await Promise.all(Array.from({ length: 4 }, work));

async function work(): Promise<void> {
  for (;;) {
    calls += 1;
    const call = { nonce: `${label}-${calls}`, amount: String(random.integer(1, 2)) };
    try {
      await (random.chance(0.3) ? guarded(`shared-${calls}`) : stepwise(call));
    } catch (failure) {
      if (!ControlPlaneError.is(failure) && !String(failure).includes('the tool failed')) {
        throw failure;
      }
    }
  }
}

/** A guarded call under a key that the other process uses too: one of them runs it. */
async function guarded(key: string): Promise<void> {
  await governed({ nonce: key, amount: '1' }, { idempotencyKey: key });
  print({ keyed: key });
}

/** Authorize, start, run, settle, with a line after each answer. */
async function stepwise(call: Payment): Promise<void> {
  const later = random.chance(0.3);
  const decision = await session.authorize({
    tool: bindTool(pay),
    arguments: session.read(call),
    start: later ? 'later' : 'now',
  });
  print({ ack: decision.id, index: decision.index, outcome: decision.outcome });
  const { permit } = decision;
  if (permit === undefined) return;
  if (later && random.chance(0.3)) return session.void(permit);
  if (later) await session.start(permit);
  print({ start: permit.id, key: call.nonce });
  await session.settle(permit, { outcome: 'succeeded', usage: { usd: call.amount } });
  print({ settled: permit.id });
}

/** To a pipe this is synchronous: what is printed was printed before anything that follows. */
function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
