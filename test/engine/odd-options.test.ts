/** Options that cannot be meant: refused where they are given, since what is not heeded may have been a limit. */
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { governTools } from '../../src/enforce/adapters/ai-sdk.ts';
import { governModel } from '../../src/enforce/adapters/ai-sdk-model.ts';
import { guard } from '../../src/enforce/guard.ts';
import { callModel } from '../../src/enforce/models/call-model.ts';
import { bindTool } from '../../src/engine/index.ts';
import {
  memory,
  openControlPlane,
  type ControlPlaneOptions,
  type GrantOrder,
  type SessionOptions,
  sqlite,
} from '../../src/index.ts';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { scratch } from '../cli/run-cli.ts';

const folder = scratch();
let runs = 0;
const tool = {
  name: 'count',
  action: 'counter.add',
  estimate: { usd: '1' },
  execute: () => {
    runs += 1;
    return runs;
  },
};
const policy = {
  format: 1,
  version: 1,
  actions: { 'counter.add': {} },
  tiers: { unrestricted: ['counter.add'] },
};

async function opened() {
  const storage = memory();
  const plane = await openControlPlane({ storage, policy, agents: ['bot'], tools: [tool] });
  const principal = plane.identity.assert({ id: 'ada', org: 'acme', roles: ['agent'] });
  const terms = { principal, agent: 'bot', budget: { usd: 5 } };
  return { plane, terms };
}

test.each([
  ['a Map as its estimate', { estimate: new Map([['usd', '5']]) }, '`estimate`'],
  ['null as its estimate', { estimate: null }, '`estimate`'],
  ['a list as its estimate', { estimate: ['5'] }, '`estimate`'],
  ['a text as its estimate', { estimate: '5' }, '`estimate`'],
  ['a text as its schema', { inputSchema: 'object' }, '`inputSchema`'],
  ['null as its schema', { inputSchema: null }, '`inputSchema`'],
  ['a text as what is foreign', { foreign: 'x' }, '`foreign`'],
  ['null as its resource', { resource: null }, 'resource template'],
  ['a number as its description', { description: 5 }, '`description`'],
  ['a word for whether it is a model', { isModel: 'yes' }, '`isModel`'],
  ['a text as its usage', { usage: 'usd' }, '`usage` is no function'],
  ['a text as its dry run', { dryRun: 'x' }, '`dryRun` is no function'],
])('no tool is guarded with %s', async (_, more, sentence) => {
  const { plane, terms } = await opened();
  const session = await plane.openSession(terms);
  const guarded = () => guard(session, loose({ ...tool, ...more }));
  expect(guarded).toThrow(sentence);
  expect(guarded).toThrow(expect.objectContaining({ code: 'tool-ungovernable' }));
});

test('whoever forgot to await a session is told so before the first call', async () => {
  const { plane, terms } = await opened();
  const session = plane.openSession(terms);
  const said = { code: 'input-invalid', help: 'await `openSession`' };
  expect(() => guard(loose(session), tool)).toThrow(expect.objectContaining(said));
  await expect(governTools(loose(session), {}, {})).rejects.toMatchObject(said);
  await expect(callModel(loose(session), loose({}), loose(tool.execute))).rejects.toMatchObject(
    said,
  );
  const model = loose({ specificationVersion: 'v3', provider: 'p', modelId: 'm' });
  expect(() => governModel(loose(session), model)).toThrow(expect.objectContaining(said));
  expect(() => guard(loose(undefined), tool)).toThrow('no session');
  await session;
});

/** Lets a wrong type through, as JavaScript does. */
const loose = (value: unknown) => value as never;

test.each([
  ['a misspelt key', { idempotencykey: 'x' }, '`idempotencykey` is not known'],
  ['another time to start', { start: 'Later' }, '`start` is neither'],
  ['a misspelt bound of a model', { model: { name: 'm', outputTokenMax: 5 } }, '`outputTokenMax`'],
  ['no estimate', { estimate: null }, 'amounts must be exact'],
])('no call is decided with %s', async (_, more, sentence) => {
  const { plane, terms } = await opened();
  const session = await plane.openSession(terms);
  const { execute: _code, ...declaration } = tool;
  const request = { tool: bindTool(declaration), arguments: session.read({}), ...more };
  const before = await plane.head();
  await expect(session.authorize(loose(request))).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining(sentence) as unknown,
  });
  expect(await plane.head()).toEqual(before);
});

test.each([
  ['nothing', null, 'must be an object'],
  ['a misspelt usage', { outcome: 'succeeded', usages: { usd: '0' } }, '`usages` is not known'],
  ['no outcome', {}, '`outcome` is none of'],
  ['another outcome', { outcome: 'done' }, '`outcome` is none of'],
])('no call is settled with %s', async (_, settlement, sentence) => {
  const { plane, terms } = await opened();
  const session = await plane.openSession(terms);
  const { execute: _code, ...declaration } = tool;
  const request = { tool: bindTool(declaration), arguments: session.read({}) };
  const { permit } = await session.authorize(request);
  await expect(session.settle(loose(permit), loose(settlement))).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining(sentence) as unknown,
  });
  const settled = await session.settle(loose(permit), { outcome: 'failed', usage: { usd: '0' } });
  expect(settled.posted).toEqual({ usd: 0 });
});

test.each(['yes', 1, null])(
  'a call that says %j to waiting for approval is not made',
  async (wait) => {
    const { plane, terms } = await opened();
    const session = await plane.openSession(terms);
    const before = runs;
    const call = guard(session, tool)({}, loose({ waitForApproval: wait }));
    await expect(call).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('`waitForApproval`') as unknown,
    });
    expect(runs).toBe(before);
  },
);

test.each([
  ['none', undefined, 'must be an object'],
  ['a text', 'x', 'must be an object'],
  ['no store', {}, '`storage` is no store'],
  ['a path in place of a store', { storage: 'a.db' }, '`storage` is no store'],
  ['a misspelt policy', { storage: memory(), polcy: policy }, '`polcy` is not known'],
  ['one agent in place of a list', { storage: memory(), agents: 'bot' }, '`agents` is no list'],
  ['a number as an agent', { storage: memory(), agents: [1] }, '`agents` has a member'],
  ['null as a tool', { storage: memory(), tools: [null] }, '`tools` has a member'],
  ['an object of tools', { storage: memory(), tools: { tool } }, '`tools` is no list'],
  ['a text as the time between polls', { storage: memory(), pollMs: '5' }, '`pollMs` is no number'],
  ['less than no time between polls', { storage: memory(), pollMs: -1 }, '`pollMs` is no number'],
  ['a number as the log', { storage: memory(), log: 7 }, '`log` is no name'],
  ['an empty name of the log', { storage: memory(), log: '' }, '`log` is no name'],
])('a control plane is not opened with %s', async (_, options, sentence) => {
  await expect(openControlPlane(options as unknown as ControlPlaneOptions)).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining(sentence) as string,
  });
});

test.each([
  ['a misspelt budget', { budgt: { usd: 1 } }, '`budgt` is not known'],
  ['a number as its budget', { budget: 5 }, 'amounts must be exact'],
  ['a text as its budget', { budget: '' }, 'amounts must be exact'],
  ['a list as its budget', { budget: [] }, 'amounts must be exact'],
  ['null as its budget', { budget: null }, 'amounts must be exact'],
  ['a map as its budget', { budget: new Map([['usd', '5']]) }, 'amounts must be exact'],
  ['a map as its delegation', { delegation: new Map([['depth', 0]]) }, 'no Map or the like'],
  ['a text as whether it is active', { activate: 'false' }, '`activate` is neither true nor false'],
  [
    'more decimals than its unit has',
    { budget: { actions: 1, usd: '0.0000001' } },
    '`0.0000001` is none in `usd`, which has at most 6 decimals',
  ],
  ['a unit that is none', { budget: { 'us d': 1 } }, '`us d` is no unit'],
  ['dollars in capitals', { budget: { USD: '50' } }, '`USD` is no unit; `usd` is'],
  [
    'an amount that has no text',
    { budget: { usd: Object.create(null) as unknown } },
    'a value of type object',
  ],
  ['a number as its key', { idempotencyKey: 5 }, 'an idempotency key is'],
])('a session is not opened with %s, and so without a limit', async (_, odd, sentence) => {
  const { plane, terms } = await opened();
  const options = { ...terms, ...odd } as unknown as SessionOptions;
  await expect(plane.openSession(options)).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining(sentence) as string,
  });
  expect(await plane.head()).toMatchObject({ size: 3 });
  await plane.close();
});

test.each([
  ['what is no signal', { signal: 5 }, { code: 'input-invalid' }],
  [
    'what looks like a signal and stops nothing',
    { signal: { aborted: false, addEventListener: () => {}, throwIfAborted: () => {} } },
    { code: 'input-invalid' },
  ],
  ['a signal that was aborted before', { signal: AbortSignal.abort() }, { name: 'AbortError' }],
  ['a signal in place of options', AbortSignal.abort(), { code: 'input-invalid' }],
  ['a number as its key', { idempotencyKey: 5 }, { code: 'input-invalid' }],
  ['a misspelt key', { idempotencKey: 'a' }, { code: 'input-invalid' }],
])('a call with %s is not decided, reserved or run', async (_, options, refusal) => {
  const { plane, terms } = await opened();
  const session = await plane.openSession(terms);
  const before = { runs, ...(await plane.head()) };
  const call = guard(session, tool);
  await expect(call({}, options as unknown as { signal: AbortSignal })).rejects.toMatchObject(
    refusal,
  );
  expect({ runs, ...(await plane.head()) }).toEqual(before);
  await plane.close();
});

test('usage that is grouped by nothing is refused by its code', async () => {
  const { plane } = await opened();
  const queries = [{ org: 'acme' }, { by: 'agent' }, { by: ['agnet'] }] as never[];
  for (const query of queries) {
    await expect(plane.usage(query)).rejects.toMatchObject({ code: 'input-invalid' });
  }
  await plane.close();
});

test('whoever asks a control plane that is closed is told so, and not to ask again', async () => {
  const { plane, terms } = await opened();
  const session = await plane.openSession(terms);
  await plane.close();
  const asked = [
    () => plane.head(),
    () => plane.events().next(),
    () => plane.budgets('acme'),
    () => plane.session(session.id),
    () => plane.usage({ org: 'acme', by: ['agent'] }),
    () => guard(session, tool)({}),
  ];
  for (const ask of asked) {
    await expect(ask()).rejects.toMatchObject({ code: 'closed', retryable: false });
  }
});

test('a guarded call can be mapped over a list, which gives it a number as its second argument', async () => {
  const { plane, terms } = await opened();
  const session = await plane.openSession(terms);
  const call = guard(session, tool) as (each: object) => Promise<number>;
  expect(await Promise.all([{}, {}].map(call))).toHaveLength(2);
  await plane.close();
});

test('a store is not made with options that are misspelt: read-only must not open for writing', () => {
  const path = join(folder, 'odd.db');
  for (const options of [
    { mode: 'ro' },
    { mod: 'read-only' },
    null,
    5,
    { busyTimeoutMs: Number.NaN },
  ]) {
    expect(() => sqlite(path, options as object)).toThrow(TypeError);
  }
  expect(() => sqlite(path, { busyTimeoutMs: -1 })).toThrow(TypeError);
  for (const options of [{ mode: 'ro' }, { mod: 'read-only' }, null]) {
    expect(() => postgres('postgres://127.0.0.1:9/x', options as object)).toThrow(TypeError);
  }
  for (const odd of [undefined, 5, 'a\0b']) {
    expect(() => sqlite(odd as string)).toThrow('the path of a SQLite file is a string');
  }
});

const later = new Date(Date.UTC(2100, 0, 1));

test.each([
  ['a time as a text', later.toISOString()],
  ['a time as a number', later.getTime()],
  ['null', null],
  ['an invalid date', new Date('tomorrow')],
  ['what only looks like a date', { getTime: () => later.getTime() }],
])('nothing ends at %s', async (_, odd) => {
  const { plane, terms } = await opened();
  const by = plane.identity.assert({ id: 'root', org: 'acme', roles: ['admin'] });
  const session = await plane.openSession(terms);
  const expiresAt = odd as Date;
  const before = await plane.head();
  for (const act of [
    () => plane.keys.issue({ principal: 'service:night', roles: ['agent'], by, expiresAt }),
    () => session.handOff({ agent: 'bot', expiresAt }),
    () => session.handOff({ agent: 'bot', expiresAt: later, delegation: { expiresAt } }),
    () => plane.openSession({ ...terms, parent: session.id, delegation: { expiresAt } }),
    () => plane.approve({ ticket: 't', by, grant: { actions: ['**'], uses: 1, expiresAt } }),
  ]) {
    await expect(act()).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('`expiresAt` is no date') as string,
    });
  }
  expect(await plane.head()).toEqual(before);
  await plane.close();
});

test('a date of another realm ends a key, at the time that it holds', async () => {
  const { plane } = await opened();
  const expiresAt = runInNewContext(`new Date(${later.getTime()})`) as Date;
  await plane.keys.issue({ principal: 'service:night', roles: ['agent'], org: 'acme', expiresAt });
  expect(plane.keys.list('acme')).toMatchObject([{ expiresAt: later.getTime() }]);
  await plane.close();
});

test('a key, a hand-off, a delegation and a grant have no terms that nothing heeds', async () => {
  const { plane, terms } = await opened();
  const by = plane.identity.assert({ id: 'root', org: 'acme', roles: ['admin'] });
  const session = await plane.openSession(terms);
  const key = { principal: 'service:night', roles: ['agent'], expireAt: later };
  const handoff = { agent: 'bot', expiresAt: later, bugdet: { usd: 1 } };
  const none = null as unknown as object;
  for (const act of [
    () => plane.keys.issue(key),
    () => plane.keys.issue(none as typeof key),
    () => session.handOff(handoff),
    () => session.handOff(none as typeof handoff),
    () => plane.openSession({ ...terms, parent: session.id, delegation: none }),
    () => plane.approve({ ticket: 't', by, grant: none as GrantOrder }),
  ]) {
    await expect(act()).rejects.toMatchObject({ code: 'input-invalid' });
  }
  await plane.close();
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'count'],
  ['a list', [tool]],
  ['only its code', () => 1],
])('%s is no tool, and so not guarded', async (_, odd) => {
  const { plane, terms } = await opened();
  const session = await plane.openSession(terms);
  const refusal = expect.objectContaining({ code: 'tool-ungovernable' }) as Error;
  expect(() => guard(session, odd as unknown as typeof tool)).toThrow(refusal);
  expect(() => bindTool(odd as unknown as typeof tool)).toThrow(refusal);
  await plane.close();
});

test.each([
  ['a misspelt role', { role: ['agent'] }, '`role` is not known'],
  ['a misspelt team, beside its roles', { team: ['desk'] }, '`team` is not known'],
  ['a text in its place', 'user:ada', 'must be an object'],
  ['nothing in its place', undefined, 'must be an object'],
  ['more roles than there may be', { roles: Array(33).fill('agent') }, 'roles must be a list'],
  ['more teams than there may be', { teams: Array(33).fill('desk') }, 'teams must be a list'],
])('nobody is established with %s', async (_, odd, sentence) => {
  const { plane } = await opened();
  const whole = { id: 'user:ada', org: 'acme', roles: ['agent'] };
  const assertion = typeof odd === 'object' ? { ...whole, ...odd } : (odd as never);
  expect(() => plane.identity.assert(assertion)).toThrow(
    expect.objectContaining({
      code: 'input-invalid',
      message: expect.stringContaining(sentence) as string,
    }) as Error,
  );
  await plane.close();
});

test('an agent whose actions are misspelt is not registered, and so not for all of them', async () => {
  const { plane } = await opened();
  const odd = { name: 'narrow', action: ['order.read'] };
  await expect(plane.registerAgent(odd)).rejects.toMatchObject({ code: 'input-invalid' });
  expect(plane.agents('acme').map(({ name }) => name)).toEqual(['bot']);
  await plane.close();
});

test.each(['resorce', 'estimats', 'parameters'])('a tool with `%s` is refused', async (member) => {
  const { plane, terms } = await opened();
  const session = await plane.openSession(terms);
  const odd = { ...tool, [member]: { usd: '1' } };
  expect(() => guard(session, odd)).toThrow(`which nothing heeds`);
  const options = { storage: memory(), tools: [odd] } as ControlPlaneOptions;
  await expect(openControlPlane(options)).rejects.toMatchObject({ code: 'tool-ungovernable' });
  await plane.close();
});

test.each([
  ['a unit that differs from `usd` in its letters', { USD: '1' }, '`USD` is no unit; `usd` is'],
  ['that unit, by an argument', { USD: { argument: 'amount' } }, '`USD` is no unit; `usd` is'],
  ['what is no unit, by an argument', { 'us d': { argument: 'amount' } }, '`us d` is no unit'],
  ['more than it says to read', { usd: { argument: 'amount', times: 2 } }, 'and nothing else'],
  [
    'an argument that is no name',
    { usd: { argument: 5 } },
    'a value of type object is no exact amount in `usd`',
  ],
])('a tool that estimates in %s is refused', async (_, estimate, sentence) => {
  const odd = { ...tool, estimate } as unknown as typeof tool;
  const options = { storage: memory(), tools: [odd] } as ControlPlaneOptions;
  await expect(openControlPlane(options)).rejects.toMatchObject({
    code: 'tool-ungovernable',
    message: expect.stringContaining(sentence) as string,
  });
});
