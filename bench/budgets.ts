/**
 * What budgets cost: one action with none, 1, 3 and 6 of them applying, and one hot budget of an org.
 *
 * The orgs differ in nothing but their plans, and share one file, so that ratios mean something.
 */
import { type ControlPlane, openControlPlane, type Session, sqlite } from '../src/index.ts';
import { bindTool, type ToolDeclaration } from '../src/engine/index.ts';
import { awakeClock } from './awake.ts';
import { FindingsBuilder } from './findings.ts';
import { withFreshFile } from './fresh-file.ts';
import { drain, hotLimit, ourSpending } from './hot-budget.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, type Rounds, runRounds } from './rounds.ts';
import { unrestricted } from './unrestricted.ts';

const planCounts = [0, 1, 3, 6] as const;
const callerCounts = [1, 64] as const;
const hotCallers = 64;

const declaration: ToolDeclaration = {
  name: 'count',
  action: 'thing.count',
  resource: 'thing',
};
const tool = bindTool(declaration);

export function measureBudgets(plan: Plan): Promise<FindingsBuilder> {
  return withFreshFile(plan.folder, async (path) => {
    const plane = await openControlPlane({
      storage: sqlite(path),
      policy: unrestricted(declaration.action),
      agents: ['counter'],
      tools: [declaration],
    });
    try {
      const contenders: Contender[] = [];
      for (const plans of planCounts) {
        const session = await sessionUnder(plane, plans);
        for (const callers of callerCounts) {
          contenders.push(contender(plane, session, { plans, callers, roundMs: plan.roundMs }));
        }
      }
      contenders.push(hotContender(plan));
      const progress = progressOf('budgets');
      return findings(await runRounds(contenders, { rounds: plan.rounds, progress }));
    } finally {
      await plane.close();
    }
  });
}

function orgOf(plans: number): string {
  return `org-${plans}`;
}

/** A session in an org of its own, with so many plans that apply to its calls. */
async function sessionUnder(plane: ControlPlane, plans: number): Promise<Session> {
  const org = orgOf(plans);
  const id = 'service:counter';
  const principal = plane.identity.assert({ id, org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'counter' });
  const scopes = [
    { kind: 'org', id: org },
    { kind: 'principal', id },
    { kind: 'agent', id: 'counter' },
    { kind: 'session', id: session.id },
    { kind: 'action', id: 'thing.count' },
    { kind: 'tool', id: 'count' },
  ] as const;
  for (const scope of scopes.slice(0, plans)) {
    await plane.setBudget({
      org,
      plan: {
        id: scope.kind,
        unit: 'actions',
        limit: 1_000_000_000,
        scope,
        sharing: 'shared',
        window: 'unlimited',
      },
    });
  }
  return session;
}

interface Load {
  readonly plans: number;
  readonly callers: number;
  readonly roundMs: number;
}

function contender(
  plane: ControlPlane,
  session: Session,
  { plans, callers, roundMs }: Load,
): Contender {
  return {
    name: nameOf(plans, callers),
    run: async () => {
      const before = await posted(plane, plans);
      let calls = 0;
      const clock = await awakeClock();
      const ms = await clock.during(async () => {
        const end = performance.now() + roundMs;
        const caller = async (): Promise<void> => {
          while (performance.now() < end) {
            await act(session);
            calls += 1;
          }
        };
        await Promise.all(Array.from({ length: callers }, caller));
      });
      for (const [index, after] of (await posted(plane, plans)).entries()) {
        if (after - (before[index] ?? 0) === calls) continue;
        throw new Error(`budget ${index} of ${plans} does not show ${calls} calls`);
      }
      return { usPerAction: (ms * 1_000) / calls };
    },
  };
}

async function act(session: Session): Promise<void> {
  const { permit, code } = await session.authorize({ tool, arguments: session.read({}) });
  if (permit === undefined) throw new Error(`refused with ${code}`);
  await session.settle(permit, { outcome: 'succeeded' });
}

/** What each plan's account has posted; nothing may be left reserved. */
async function posted(plane: ControlPlane, plans: number): Promise<readonly number[]> {
  const budgets = await plane.budgets(orgOf(plans));
  if (budgets.length !== plans) throw new Error(`${budgets.length} plans, not ${plans}`);
  return budgets.map(({ accounts }) => {
    if (accounts.some(({ reserved }) => Number(reserved) !== 0))
      throw new Error('something is reserved');
    return accounts.reduce((sum, account) => sum + Number(account.posted), 0);
  });
}

function hotContender({ folder, quick }: Plan): Contender {
  const calls = quick ? 800 : 2_000;
  return {
    name: 'hot',
    run: () =>
      withFreshFile(folder, async (path) => {
        const spending = await ourSpending(sqlite(path));
        try {
          const { perSecond, spent } = await drain(spending, { callers: hotCallers, calls });
          return { perSecond, overspent: Math.max(0, spent - hotLimit) };
        } finally {
          await spending.close();
        }
      }),
  };
}

function nameOf(plans: number, callers: number): string {
  return `${plans} budgets, ${callers} callers`;
}

function findings(rounds: Rounds): FindingsBuilder {
  const found = new FindingsBuilder();
  const time = 'usPerAction';
  for (const callers of callerCounts) {
    const who = callers === 1 ? '1 caller' : `${callers} callers`;
    const none = nameOf(0, callers);
    found.figure(`no budget, ${who}: reserve + settle`, rounds.spread(none, time), 'µs');
    for (const plans of planCounts.slice(1)) {
      const ratio = rounds.ratio([nameOf(plans, callers), time], [none, time]);
      const what = plans === 1 ? '1 budget' : `${plans} budgets`;
      found.figure(`${what} / none, ${who}: time per action`, ratio, '×');
    }
  }
  const hot = `one budget of an org, ${hotCallers} callers`;
  found.figure(`${hot}: calls answered`, rounds.spread('hot', 'perSecond'), 'calls/s');
  const overspent = rounds.spread('hot', 'overspent').max;
  found.atMost(`${hot}: spent beyond it`, 0, overspent, 'units');
  return found;
}
