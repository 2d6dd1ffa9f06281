/** Kills and aborts reach work here also where others decide what this process is asked. */
import { expect, test } from 'vitest';
import { bindTool, type Decision } from '../../src/engine/index.ts';
import { scene, scripted, sessionOn, type Scene, type Script } from './parcel-scene.ts';
import { openShop, read, staff } from './shop.ts';

const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
const elsewhere = { kind: 'agent', org: 'acme', name: 'other-bot' } as const;

async function asked(at: Scene): Promise<() => Promise<Decision>> {
  at.leaves();
  // The first answer brings the news; of the session that is opened after it nothing is known here.
  await sessionOn(at.asker);
  const session = await sessionOn(at.asker);
  return () =>
    session.authorize({ tool: bindTool(read), arguments: session.read({ orderId: 'o' }) });
}

/** Something happens between the decision of what is left next and its answer. */
function beforeAnswer({ script, decide }: Scene, work: () => Promise<unknown>): void {
  script.entrust = async (inner, parcel, query) => {
    await inner.entrust(parcel);
    await decide();
    await work();
    return inner.entrust(parcel, query);
  };
}

const kill = ({ other }: Scene, where: typeof scope | typeof elsewhere): Promise<unknown> =>
  other.kill({ scope: where, by: staff(other).ops, reason: 'smoke' });

async function abort({ other }: Scene, id: string): Promise<void> {
  const session = await other.attachSession(staff(other).billing, id);
  await session.abort('enough');
}

test.each([
  { news: 'comes with the answer', waitMs: 250 },
  { news: 'is read because something else was urgent', waitMs: 0 },
])(
  'a permit whose session was aborted before its answer came has a signal: the abort $news',
  async ({ waitMs }) => {
    const at = await scene();
    const ask = await asked(at);
    at.clock.advance(waitMs);
    if (waitMs === 0) await kill(at, elsewhere);
    const sessions: string[] = [];
    for await (const { session } of at.other.events())
      if (session !== undefined) sessions.push(session);
    beforeAnswer(at, () => abort(at, sessions.at(-1) ?? ''));
    const { permit } = await ask();
    expect(permit?.signal.aborted).toBe(true);
  },
);

test.each([
  { news: 'comes with the answer', waitMs: 250 },
  { news: 'is read because something else was urgent', waitMs: 0 },
])(
  'a permit that was killed before its answer came has a signal: the kill $news',
  async ({ waitMs }) => {
    const at = await scene();
    const ask = await asked(at);
    at.clock.advance(waitMs);
    if (waitMs === 0) await kill(at, elsewhere);
    beforeAnswer(at, () => kill(at, scope));
    const { permit } = await ask();
    expect(permit?.signal.aborted).toBe(true);
  },
);

test('a kill that was decided in somebody else’s turn stops what runs here at the next answer', async () => {
  const at = await scene();
  const ask = await asked(at);
  const { permit } = await ask();
  // In the very turn in which the next command is decided.
  at.script.entrust = async (inner, parcel, query) => {
    await inner.entrust(parcel);
    const killed = at.leader.kill({ scope, by: staff(at.leader).ops, reason: 'smoke' });
    await at.decide();
    await killed;
    return inner.entrust(parcel, query);
  };
  expect(permit?.signal.aborted).toBe(false);
  await ask();
  expect(permit?.signal.aborted).toBe(true);
});

test('a kill of one’s own that another process decided stops what runs here', async () => {
  const at = await scene();
  const ask = await asked(at);
  const { permit } = await ask();
  await at.asker.kill({ scope, by: staff(at.asker).ops, reason: 'smoke' });
  expect(permit?.signal.aborted).toBe(true);
  expect(at.asker.killed(scope)).toBe(true);
});

test('an answer of a process that was opened after the kill tells of it too', async () => {
  const at = await scene();
  const ask = await asked(at);
  const { permit } = await ask();
  await kill(at, scope);
  const late: Script = {};
  const latest = await openShop(scripted(at.fleet(), late), { clock: at.clock });
  late.kept = true;
  late.leave = () => {
    late.kept = false;
  };
  at.script.entrust = async (inner, parcel, query) => {
    await inner.entrust(parcel);
    await latest.openSession({ principal: staff(latest).support, agent: 'other-bot' });
    return inner.entrust(parcel, query);
  };
  expect(permit?.signal.aborted).toBe(false);
  expect((await ask()).code).toBe('killed');
  expect(permit?.signal.aborted).toBe(true);
  await latest.close();
});

test('an answer that was fetched as the parcel was taken back tells of a kill too', async () => {
  const at = await scene();
  const ask = await asked(at);
  const { permit } = await ask();
  await kill(at, scope);
  at.script.entrust = async (inner, parcel) => {
    await inner.entrust(parcel);
    await at.decide();
    return undefined;
  };
  at.script.take = async () => undefined;
  expect(permit?.signal.aborted).toBe(false);
  expect((await ask()).code).toBe('killed');
  expect(permit?.signal.aborted).toBe(true);
});
