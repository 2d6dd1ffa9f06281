/**
 * Budgets of two tenants. Each has a plan for every person by the month and one for the whole org; their
 * agents are loops of the Vercel AI SDK, and nothing in them counts, asks or remembers a budget. One tenant's
 * money runs out. It is still out after a restart, the other tenant never notices, and an admin raises it.
 *
 * Run it with `node examples/tenant-budgets.ts`. It throws where anything is not as told.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isStepCount, tool, ToolLoopAgent } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { z } from 'zod';
import { declareTools, governTools } from '../src/enforce/adapters/ai-sdk.ts';
import type { BudgetPlanDocument, ControlPlane } from '../src/index.ts';
import { openControlPlane, sqlite, verify } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenant-budgets-'));
const file = join(folder, 'control-plane.db');

// Tools as anybody writes them for the SDK, and beside them what a call can cost.
const searched: string[] = [];
const tools = {
  search: tool({
    description: 'Searches a paid archive',
    inputSchema: z.object({ query: z.string() }),
    execute: async ({ query }) => {
      searched.push(query);
      return `found: ${query}`;
    },
  }),
};
const declarations = { search: { action: 'archive.search', estimate: { usd: '0.40' } } };
const policy = {
  format: 1,
  version: 1,
  actions: { 'archive.search': {} },
  tiers: { unrestricted: ['archive.search'] },
};
const month = { every: 'month', zone: 'Europe/Berlin' } as const;

async function open(): Promise<ControlPlane> {
  return openControlPlane({
    storage: sqlite(file),
    policy,
    agents: ['researcher'],
    tools: await declareTools(tools, declarations),
  });
}

/** A dollar a month for each person of a tenant, and so much for all of them together. */
function personPlan(): BudgetPlanDocument {
  const scope = { kind: 'principal', every: true } as const;
  return { id: 'person', unit: 'usd', limit: '1', scope, sharing: 'perMember', window: month };
}

function orgPlan(org: string, limit: string): BudgetPlanDocument {
  const scope = { kind: 'org', id: org } as const;
  return { id: 'org', unit: 'usd', limit, scope, sharing: 'shared', window: month };
}

/** A model that wants so many searches, one a step, and then stops. */
function searcher(searches: number): MockLanguageModelV4 {
  let step = 0;
  return new MockLanguageModelV4({
    doGenerate: async () => {
      step += 1;
      const input = JSON.stringify({ query: `q-${step}` });
      const call = {
        type: 'tool-call',
        toolCallId: `c-${step}`,
        toolName: 'search',
        input,
      } as const;
      const isDone = step > searches;
      return {
        content: isDone ? [{ type: 'text', text: 'done' }] : [call],
        finishReason: { unified: isDone ? 'stop' : 'tool-calls', raw: undefined },
        usage: {
          inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 1, text: 1, reasoning: 0 },
        },
        warnings: [],
      };
    },
  });
}

/** Runs the agent of a person in a session of its own; how many searches ran. */
async function research(
  plane: ControlPlane,
  org: string,
  person: string,
  searches: number,
): Promise<number> {
  const principal = plane.identity.assert({ id: person, org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'researcher' });
  const governed = await governTools(session, tools, declarations);
  const before = searched.length;
  const agent = new ToolLoopAgent({
    model: searcher(searches),
    tools: governed,
    stopWhen: isStepCount(20),
  });
  await agent.generate({ prompt: 'look it up' });
  await session.complete();
  return searched.length - before;
}

/** What is used of a plan, by member. */
async function used(plane: ControlPlane, org: string, plan: string) {
  const usage = (await plane.budgets(org)).find((each) => each.plan.id === plan);
  return Object.fromEntries((usage?.accounts ?? []).map((each) => [each.member, each.posted]));
}

let plane = await open();
await plane.setBudget({ org: 'acme', plan: personPlan() });
await plane.setBudget({ org: 'acme', plan: orgPlan('acme', '1.70') });
await plane.setBudget({ org: 'zeta', plan: personPlan() });
await plane.setBudget({ org: 'zeta', plan: orgPlan('zeta', '100') });

// A dollar is two searches at 40 cents, however many the model asks for and however many sessions it has.
assert.equal(await research(plane, 'acme', 'user:ann', 5), 2);
assert.equal(await research(plane, 'acme', 'user:ann', 5), 0);
// Bob has a dollar of his own, and the org has 90 cents left for him. Then the org's money is out.
assert.equal(await research(plane, 'acme', 'user:bob', 5), 2);
assert.equal(await research(plane, 'acme', 'user:cyd', 5), 0);
// The other tenant has an Ann, too. She is somebody else.
assert.equal(await research(plane, 'zeta', 'user:ann', 1), 1);

// A restart forgets nothing.
await plane.close();
plane = await open();
assert.equal(await research(plane, 'acme', 'user:cyd', 5), 0);
assert.deepEqual(await used(plane, 'acme', 'org'), { '*': '1.6' });
assert.deepEqual(await used(plane, 'acme', 'person'), { 'user:ann': '0.8', 'user:bob': '0.8' });
assert.deepEqual(await used(plane, 'zeta', 'person'), { 'user:ann': '0.4' });

// Whoever spends cannot raise, and nobody raises another org's. An admin of the org can, for a reason.
const raise = { org: 'acme', plan: orgPlan('acme', '2.50') };
for (const by of [
  plane.identity.assert({ id: 'user:cyd', org: 'acme', roles: ['agent'] }),
  plane.identity.assert({ id: 'user:zoe', org: 'zeta', roles: ['admin'] }),
]) {
  await assert.rejects(plane.setBudget({ ...raise, by }), { code: 'permission-denied' });
}
const ada = plane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['admin'] });
await plane.setBudget({ ...raise, by: ada, reason: 'the quarter is not over' });
assert.equal(await research(plane, 'acme', 'user:cyd', 5), 2);
assert.deepEqual(await used(plane, 'acme', 'org'), { '*': '2.4' });

// The log has who raised it, and from where to where, in millionths of a dollar.
const changes: string[] = [];
for await (const { by, data } of plane.events({ types: ['budget-set'] })) {
  if (!('before' in data) || data.before === null) continue;
  changes.push(`${by.id}: ${data.before.limit} to ${data.plan.limit}`);
}
assert.deepEqual(changes, ['user:ada: 1700000 to 2500000']);
await plane.close();

const copy = sqlite(file, { mode: 'read-only' });
assert.equal((await verify(copy)).holds, true);
await copy.close();
rmSync(folder, { recursive: true });
console.log(
  `exhausted, still so after a restart, raised by an admin; ${searched.length} searches ran`,
);
