/**
 * A process that does what it is told on one log, to race with others that are told the same. The argument is
 * the place of the log. Each line that it reads is a task, as JSON; it prints JSON lines:
 *
 *   {"ready":true}                  the control plane is open
 *   {"acted":n}                     a call of task n was allowed, from inside the task
 *   {"task":n,"code":text}          task n is over: a decision's outcome, the code of a refusal, or `done`
 */
import { createInterface } from 'node:readline';
import {
  bindTool,
  ControlPlaneError,
  openControlPlane,
  type Session,
} from '../../src/engine/index.ts';
import type { Principal } from '../../src/identity/principal.ts';
import { storeAt } from './place.ts';
import { raceTools } from './race-tools.ts';

interface Person {
  readonly id: string;
  readonly role: string;
  /** The text of an API key, in place of an assertion. */
  readonly apiKey?: string;
}

export type RaceWork =
  | { readonly kind: 'approve' | 'deny'; readonly ticket: string; readonly person: Person }
  /** One call in a session that is there. */
  | { readonly kind: 'call'; readonly session: string; readonly person: Person }
  /** Calls in a session of one's own until one is not allowed. */
  | {
      readonly kind: 'act';
      readonly tool: keyof typeof raceTools;
      readonly agent: string;
      readonly person: Person;
    }
  /** Takes the lease of a session, calls once with it, and keeps it. */
  | {
      readonly kind: 'lease';
      readonly session: string;
      readonly holder: string;
      readonly person: Person;
    }
  | {
      readonly kind: 'take-up';
      readonly handoff: string;
      readonly agent: string;
      readonly person: Person;
    };

export type RaceTask = RaceWork & { readonly task: number };

/** Nobody acts for ever: a stop that never came is a failure of the test, not a process that stays. */
const actsMax = 3_000;

const [place = ''] = process.argv.slice(2);
const plane = await openControlPlane({ storage: storeAt(place) });
print({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line) as RaceTask;
  print({ task: task.task, code: await codeOf(task) });
}
await plane.close();

async function codeOf(task: RaceTask): Promise<string> {
  try {
    return await perform(task);
  } catch (failure) {
    if (ControlPlaneError.is(failure)) return failure.code;
    throw failure;
  }
}

async function perform(task: RaceTask): Promise<string> {
  const principal = await principalOf(task.person);
  switch (task.kind) {
    case 'approve':
    case 'deny':
      await plane[task.kind]({ ticket: task.ticket, by: principal });
      return 'done';
    case 'call': {
      const session = await plane.attachSession(principal, task.session);
      return call(session, 'refund', 'o-1', 'now');
    }
    case 'lease': {
      const session = await plane.attachSession(principal, task.session);
      const { fence } = await session.lease({ holder: task.holder, termMs: 60_000 });
      return `${await call(session, 'read', 'o-1', 'now')} ${fence}`;
    }
    case 'take-up':
      await plane.openSession({ principal, agent: task.agent, handoff: task.handoff });
      return 'done';
    case 'act':
      return act(task, await plane.openSession({ principal, agent: task.agent }));
  }
}

async function act(
  { task, tool }: Extract<RaceTask, { readonly kind: 'act' }>,
  session: Session,
): Promise<string> {
  for (let count = 0; count < actsMax; count += 1) {
    // Every other permit is started by a command of its own: it has to meet a stop as well.
    const outcome = await call(session, tool, `o-${count}`, count % 2 === 0 ? 'now' : 'later');
    if (outcome !== 'allow') return outcome;
    print({ acted: task });
  }
  return 'never stopped';
}

async function call(
  session: Session,
  tool: keyof typeof raceTools,
  orderId: string,
  start: 'now' | 'later',
): Promise<string> {
  const decision = await session.authorize({
    tool: bindTool(raceTools[tool]),
    arguments: session.read({ orderId, amount: '1' }),
    start,
  });
  const { permit, outcome, code } = decision;
  if (permit === undefined) return outcome === 'deny' ? code : outcome;
  if (start === 'later') await session.start(permit);
  await session.settle(permit, { outcome: 'succeeded' });
  return outcome;
}

function principalOf({ id, role, apiKey }: Person): Promise<Principal> | Principal {
  if (apiKey !== undefined) return plane.identity.authenticate(apiKey);
  return plane.identity.assert({ id, org: 'acme', roles: [role] });
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
