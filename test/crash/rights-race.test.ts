/**
 * Two and eight processes on one log race for the same ticket, approval, grant, hand-off or lease, and act
 * while a key, a grant, an agent is taken away or a kill switch engaged. What counts is the order of the log:
 * after the entry that takes something away, nothing of it is allowed.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindTool, type ControlPlane, openControlPlane } from '../../src/engine/index.ts';
import type { RawEntry } from '../simulation/raw-entry.ts';
import { program } from '../programs.ts';
import { readLog } from './account.ts';
import { newPlace, type TestPlace } from './new-place.ts';
import { storeAt } from './place.ts';
import { racePolicy, raceTools } from './race-tools.ts';
import type { RaceWork } from './racer.ts';

const racer = program('racer');
const processes = 8;
/** How often the others act before something is taken from them. */
const actsBefore = 20;
const hour = 3_600_000;

interface Line {
  readonly ready?: true;
  readonly acted?: number;
  readonly task?: number;
  readonly code?: string;
}

interface Racer {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly ended: Promise<void>;
}

let log: TestPlace;
let plane: ControlPlane;
const racers: Racer[] = [];
const lines: Line[] = [];
let heard = Promise.withResolvers<void>();
let tasks = 0;
let isOver = false;

beforeAll(async () => {
  log = await newPlace();
  plane = await openControlPlane({
    storage: storeAt(log.place),
    policy: racePolicy,
    agents: ['bot', 'helper', ...[2, 8].flatMap((count) => [`halted-${count}`, `killed-${count}`])],
    tools: Object.values(raceTools),
  });
  racers.push(...Array.from({ length: processes }, startRacer));
  await until(() => lines.filter(({ ready }) => ready).length === processes);
});

afterAll(async () => {
  isOver = true;
  for (const { child } of racers) child.stdin.end();
  await Promise.all(racers.map(({ ended }) => ended));
  await plane.close();
  await log.remove();
});

function startRacer(): Racer {
  const child = spawn(process.execPath, [racer, log.place], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text) as Line);
    heard.resolve();
    heard = Promise.withResolvers();
  });
  const ended = new Promise<void>((done) => void child.once('close', () => done()));
  // What waits for a racer that died would wait for ever.
  child.once('close', () => {
    if (!isOver) heard.reject(new Error('a racer has ended'));
  });
  return { child, ended };
}

/** Waits for lines, not for time. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await heard.promise;
}

/** Gives each of so many processes its work at once; `codes` are what came of it, in the racers' order. */
function race(count: number, work: (racer: number) => RaceWork) {
  const given = racers.slice(0, count).map(({ child }, number) => {
    tasks += 1;
    const task = tasks;
    child.stdin.write(`${JSON.stringify({ ...work(number), task })}\n`);
    return task;
  });
  const acted = () => lines.filter((line) => given.includes(line.acted ?? 0)).length;
  const codes = async (): Promise<readonly string[]> => {
    const codeOf = (task: number) => lines.find((line) => line.task === task)?.code;
    await until(() => given.every((task) => codeOf(task) !== undefined));
    return given.map((task) => codeOf(task) ?? '');
  };
  return { codes, acted };
}

const root = () =>
  plane.identity.assert({ id: 'user:root', org: 'acme', roles: ['admin', 'platform-admin'] });
const approver = (number: number) => ({ id: `user:approver-${number}`, role: 'approver' });
const billing = (name: string) => ({ id: `service:${name}`, role: 'agent' });

/** A session of its own, with a ticket for a call of the tool. */
async function asked(name: string, tool: 'refund' | 'close' = 'refund') {
  const principal = plane.identity.assert({ id: `service:${name}`, org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const callArguments = session.read({ orderId: 'o-1', amount: '1' });
  const { ticket = '' } = await session.authorize({
    tool: bindTool(raceTools[tool]),
    arguments: callArguments,
  });
  return { session, ticket };
}

/** The whole log holds, and gives the entries since an index. */
async function entriesSince(from: number): Promise<readonly RawEntry[]> {
  const { model } = await readLog(storeAt(log.place));
  return model.entries.slice(from);
}

async function size(): Promise<number> {
  return (await plane.head()).size;
}

const count = (texts: readonly string[], wanted: string): number =>
  texts.filter((text) => text === wanted).length;
const typesOf = (entries: readonly RawEntry[]) => entries.map(({ type }) => type);
const isAllowed = ({ type, data }: RawEntry): boolean =>
  type === 'action-decided' && data.outcome === 'allow';

const counts = [2, processes];

test.each(counts)('one of %i who approve and deny a ticket at once decides it', async (many) => {
  const { ticket } = await asked(`decided-${many}`);
  const from = await size();
  const kinds = ['approve', 'deny'] as const;
  const kindOf = (number: number) => kinds[number % 2] ?? 'deny';
  const codes = await race(many, (number) => {
    return { kind: kindOf(number), ticket, person: approver(number) };
  }).codes();
  expect([count(codes, 'done'), count(codes, 'ticket-not-pending')]).toEqual([1, many - 1]);
  const decided = typesOf(await entriesSince(from)).filter((type) => type.startsWith('ticket-'));
  const winner = kindOf(codes.indexOf('done'));
  expect(decided).toEqual([winner === 'approve' ? 'ticket-approved' : 'ticket-denied']);
});

test.each(counts)('two of %i who approve a ticket that takes two decide it', async (many) => {
  const { ticket } = await asked(`endorsed-${many}`, 'close');
  const from = await size();
  const by = (number: number) => ({ kind: 'approve', ticket, person: approver(number) }) as const;
  const codes = await race(many, by).codes();
  expect([count(codes, 'done'), count(codes, 'ticket-not-pending')]).toEqual([2, many - 2]);
  const decided = typesOf(await entriesSince(from)).filter((type) => type.startsWith('ticket-'));
  expect(decided).toEqual(['ticket-endorsed', 'ticket-approved']);
});

test.each(counts)(
  'one principal who approves in %i processes at once counts once',
  async (many) => {
    const { ticket } = await asked(`alone-${many}`, 'close');
    const from = await size();
    const codes = await race(many, () => ({
      kind: 'approve',
      ticket,
      person: approver(0),
    })).codes();
    expect([count(codes, 'done'), count(codes, 'approved-already')]).toEqual([1, many - 1]);
    const decided = typesOf(await entriesSince(from)).filter((type) => type.startsWith('ticket-'));
    expect(decided).toEqual(['ticket-endorsed']);
  },
);

test.each(counts)('one of %i who use an approval at once has a permit', async (many) => {
  const { ticket, session } = await asked(`used-${many}`);
  const person = approver(0);
  await plane.approve({
    ticket,
    by: plane.identity.assert({ id: person.id, org: 'acme', roles: [person.role] }),
  });
  const from = await size();
  const work = { kind: 'call', session: session.id, person: billing(`used-${many}`) } as const;
  const codes = await race(many, () => work).codes();
  expect([count(codes, 'allow'), count(codes, 'require-approval')]).toEqual([1, many - 1]);
  const allowed = (await entriesSince(from)).filter(isAllowed);
  expect(allowed.map(({ data }) => [data.consumed, data.ticket])).toEqual([[true, ticket]]);
});

const limits = [
  ['ten uses', { uses: 10 }, 10],
  ['a cost of seven', { uses: 100, cost: { usd: '7' } }, 7],
] as const;

test.each(counts.flatMap((many) => limits.map((limit) => [many, ...limit] as const)))(
  '%i processes get no more from a grant of %s than that',
  async (many, what, terms, most) => {
    const name = `granted-${what.replaceAll(' ', '-')}-${many}`;
    const { ticket } = await asked(name);
    const by = plane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['approver'] });
    const expiresAt = new Date(Date.now() + hour);
    await plane.approve({ ticket, by, grant: { actions: ['order.*'], expiresAt, ...terms } });
    const from = await size();
    const work = { kind: 'act', tool: 'refund', agent: 'bot', person: billing(name) } as const;
    const codes = await race(many, () => work).codes();
    expect(count(codes, 'require-approval')).toBe(many);
    const allowed = (await entriesSince(from)).filter(isAllowed);
    expect(allowed).toHaveLength(most);
    expect(allowed.every(({ data }) => data.grant !== undefined)).toBe(true);
  },
);

test.each(counts)('one of %i who take up a hand-off at once has it', async (many) => {
  const { session } = await asked(`offered-${many}`);
  const expiresAt = new Date(Date.now() + hour);
  const handoff = await session.handOff({ agent: 'helper', expiresAt });
  const from = await size();
  const codes = await race(many, (number) => {
    return { kind: 'take-up', handoff, agent: 'helper', person: billing(`taker-${number}`) };
  }).codes();
  expect([count(codes, 'done'), count(codes, 'handoff-used')]).toEqual([1, many - 1]);
  const opened = (await entriesSince(from)).filter(({ type }) => type === 'session-opened');
  expect(opened).toHaveLength(1);
});

test.each(counts)('A131 of %i processes, one gets the lease of a session', async (many) => {
  const person = billing(`leased-${many}`);
  const principal = plane.identity.assert({ id: person.id, org: 'acme', roles: [person.role] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const from = await size();
  const codes = await race(many, (number) => {
    return { kind: 'lease', session: session.id, holder: `worker-${number}`, person };
  }).codes();
  expect([count(codes, 'allow 1'), count(codes, 'lease-held')]).toEqual([1, many - 1]);
  const said = (await entriesSince(from)).filter(
    ({ type }) => type === 'lease-acquired' || type === 'action-decided',
  );
  expect(typesOf(said)).toEqual(['lease-acquired', 'action-decided']);
});

/** Lets so many act, takes something away in the midst of it, and gives what was logged since. */
async function takenAway(many: number, work: RaceWork, take: () => Promise<unknown>, type: string) {
  const from = await size();
  const { codes, acted } = race(many, () => work);
  await until(() => acted() >= actsBefore);
  await take();
  const entries = await entriesAfter(codes, from);
  const end = entries.entries.findIndex((entry) => entry.type === type);
  expect(end).toBeGreaterThan(0);
  const [before, after] = [entries.entries.slice(0, end), entries.entries.slice(end)];
  expect(before.filter(isAllowed).length).toBeGreaterThanOrEqual(actsBefore);
  const goesOn = (entry: RawEntry) => isAllowed(entry) || entry.type === 'permit-started';
  expect(after.filter(goesOn)).toEqual([]);
  return entries.codes;
}

async function entriesAfter(codes: () => Promise<readonly string[]>, from: number) {
  const known = await codes();
  return { codes: new Set(known), entries: await entriesSince(from) };
}

test.each(counts)('%i who act with a key do nothing after its revocation', async (many) => {
  const principal = `service:keyed-${many}`;
  const { id, key: apiKey } = await plane.keys.issue({ principal, roles: ['agent'], by: root() });
  const person = { id: principal, role: 'agent', apiKey };
  const work = { kind: 'act', tool: 'read', agent: 'bot', person } as const;
  const revoke = () => plane.keys.revoke({ key: id, by: root() });
  const codes = await takenAway(many, work, revoke, 'key-revoked');
  expect([...codes]).toEqual(['credential-revoked']);
});

test.each(counts)('%i who act under a grant do nothing after its revocation', async (many) => {
  const { ticket } = await asked(`withdrawn-${many}`);
  const by = plane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['approver'] });
  const expiresAt = new Date(Date.now() + hour);
  await plane.approve({ ticket, by, grant: { actions: ['order.*'], expiresAt, uses: 10_000 } });
  const person = billing(`withdrawn-${many}`);
  const work = { kind: 'act', tool: 'refund', agent: 'bot', person } as const;
  const revoke = () => plane.revokeGrant({ grant: ticket, by });
  const codes = await takenAway(many, work, revoke, 'grant-revoked');
  for (const code of codes) expect(['require-approval', 'permit-not-startable']).toContain(code);
});

test.each(counts)('%i who act with an agent do nothing after its suspension', async (many) => {
  const agent = `halted-${many}`;
  const work = { kind: 'act', tool: 'read', agent, person: billing('halted') } as const;
  const order = { agent, transition: 'suspend', by: root(), reason: 'odd' } as const;
  const codes = await takenAway(many, work, () => plane.controlAgent(order), 'agent-transitioned');
  expect([...codes]).toEqual(['agent-disabled']);
});

test.each(counts)('%i who act do nothing after a kill that covers them', async (many) => {
  const agent = `killed-${many}`;
  const work = { kind: 'act', tool: 'read', agent, person: billing('killed') } as const;
  const scope = { kind: 'agent', org: 'acme', name: agent } as const;
  const kill = () => plane.kill({ scope, by: root(), reason: 'odd' });
  const codes = await takenAway(many, work, kill, 'kill-engaged');
  expect([...codes]).toEqual(['killed']);
});
