/** What comes in may be as large as its limit says, and not one more. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bindTool, type ControlPlane, type Session } from '../../src/engine/index.ts';
import { limits } from '../../src/kernel/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf, openShop, read, staff } from './shop.ts';

let plane: ControlPlane;
let session: Session;

beforeEach(async () => {
  plane = await openShop(memoryFleet()());
  session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
});

afterEach(() => plane.close());

/** An object whose canonical text has so many bytes. */
function ofBytes(bytes: number): object {
  const empty = JSON.stringify({ a: '' }).length;
  return { a: 'x'.repeat(bytes - empty) };
}

/** So many lists and objects, one in the other. */
function ofDepth(depth: number): object {
  let value: object = {};
  for (let level = 1; level < depth; level += 1) value = { a: value };
  return value;
}

/** So many members and elements, all levels together. */
function ofMembers(members: number): object {
  return { a: Array.from({ length: members - 1 }, () => 0) };
}

const sizes: readonly (readonly [name: string, most: number, of: (size: number) => object])[] = [
  ['bytes', limits.argumentsBytesMax, ofBytes],
  ['levels', limits.argumentsDepthMax, ofDepth],
  ['members', limits.argumentsMembersMax, ofMembers],
];

async function decidedOn(value: object): Promise<string | undefined> {
  const tool = bindTool(read);
  return (await session.authorize({ tool, arguments: session.read(value), start: 'now' })).code;
}

/** What was read is decided on: the order has no `orderId`, which is another matter. */
test.each(sizes)('arguments have at most so many %s: %i', async (_, most, of) => {
  const decided = await decidedOn(of(most));
  expect(decided).toBe('resource-invalid');
  expect(await codeOf(decidedOn(of(most + 1)))).toBe('arguments-unrepresentable');
});

/** The rest of what is pinned of a tool counts, too. */
const rest = { name: read.name, action: read.action, resource: read.resource, estimate: {} };
const around: Readonly<Record<string, number>> = {
  bytes: JSON.stringify({ ...rest, inputSchema: '' }).length - 2,
  levels: 1,
  members: Object.keys(rest).length + 1,
};

test.each([['bytes', limits.toolDefinitionBytesMax, ofBytes], ...sizes.slice(1)] as const)(
  'a definition of a tool has at most so many %s: %i',
  (name, limit, of) => {
    const bind = (size: number) => bindTool({ ...read, inputSchema: of(size) });
    const most = limit - (around[name] ?? 0);
    expect(bind(most).inputSchema).toBeDefined();
    expect(() => bind(most + 1)).toThrow(expect.objectContaining({ code: 'tool-ungovernable' }));
  },
);

test('a reason has at most so many characters as its limit says', async () => {
  const kill = (length: number) =>
    codeOf(
      plane.kill({
        scope: { kind: 'agent', org: 'acme', name: 'other-bot' },
        by: staff(plane).ops,
        reason: 'x'.repeat(length),
      }),
    );
  expect(await kill(limits.textLengthMax)).toBe('resolved');
  expect(await kill(limits.textLengthMax + 1)).toBe('input-invalid');
});

/** What is within the limit is looked at, and is no such document. */
test('documents have at most so many bytes as their limits say', async () => {
  const { root: by } = staff(plane);
  const code = {
    policy: (bytes: number) => codeOf(plane.activatePolicy(ofBytes(bytes), by)),
    prices: (bytes: number) => codeOf(plane.activatePrices(ofBytes(bytes), by)),
    plan: (bytes: number) =>
      codeOf(plane.setBudget({ org: 'acme', by, plan: ofBytes(bytes) as never })),
  };
  expect(await code.policy(limits.policyBytesMax)).toBe('policy-invalid');
  expect(await code.policy(limits.policyBytesMax + 1)).toBe('input-invalid');
  expect(await code.prices(limits.catalogueBytesMax)).toBe('prices-invalid');
  expect(await code.prices(limits.catalogueBytesMax + 1)).toBe('input-invalid');
  expect(await code.plan(limits.planBytesMax)).toBe('budget-invalid');
  expect(await code.plan(limits.planBytesMax + 1)).toBe('input-invalid');
});

test('an agent has capabilities, and at most so many as its limit says', async () => {
  const register = (length: number) => {
    const capabilities = Array.from({ length }, () => ({ actions: ['order.read'] }));
    return codeOf(plane.registerAgent({ name: 'able', version: '1', capabilities }));
  };
  expect(await register(0)).toBe('agent-invalid');
  expect(await register(limits.capabilitiesMax + 1)).toBe('agent-invalid');
  expect(await register(limits.capabilitiesMax)).toBe('resolved');
});

test('what an order names is no longer than a name can be', async () => {
  const approve = (length: number) =>
    codeOf(plane.approve({ ticket: 't'.repeat(length), by: staff(plane).ada }));
  expect(await approve(limits.nameLengthMax)).toBe('ticket-unknown');
  expect(await approve(limits.nameLengthMax + 1)).toBe('input-invalid');
});

test('a model is asked for by a name of at most so many characters as its limit says', async () => {
  const tool = bindTool({ name: 'chat', action: 'order.read', isModel: true });
  const ask = (length: number) => {
    const request = { tool, arguments: session.read({}), start: 'now' } as const;
    return codeOf(session.authorize({ ...request, model: { name: 'm'.repeat(length) } }));
  };
  expect(await ask(limits.modelNameLengthMax)).toBe('resolved');
  expect(await ask(limits.modelNameLengthMax + 1)).toBe('input-invalid');
});
