/**
 * Monthly budgets of two tenants, in money, for what their models and tools cost. The agents are loops of the
 * Vercel AI SDK, and nothing in them counts, asks or remembers a budget. One tenant's money runs out in the
 * middle of a loop. It is still out after a restart, the other tenant never notices, and an admin raises it.
 *
 * Run it with `node examples/tenant-budgets.ts`. It throws where anything is not as told. The story goes to
 * standard error, and what it came to, in a line, to standard output.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateText, isStepCount, tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { z } from 'zod';
import { declareTools, governModel, governTools } from '../src/enforce/adapters/ai-sdk.ts';
import type { BudgetPlanDocument, ControlPlane } from '../src/index.ts';
import { ActionRefused, openControlPlane, sqlite, verify } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenant-budgets-'));
const file = join(folder, 'control-plane.db');
const say = (line: string): void => console.error(line);

// Tools as anybody writes them for the SDK, and beside them what a call can cost.
const tools = {
  search: tool({
    description: 'Searches a paid archive',
    inputSchema: z.object({ query: z.string() }),
    execute: async ({ query }) => `found: ${query}`,
  }),
};
const declarations = { search: { action: 'archive.search', estimate: { usd: '0.01' } } };
const policy = {
  format: 1,
  version: 1,
  actions: { 'archive.search': {}, 'model.call': {} },
  tiers: { unrestricted: ['archive.search', 'model.call'] },
};
// What models cost, in USD for a million tokens.
const models = { writer: { prices: [{ input: '5', output: '25' }] } };
const prices = { format: 1, version: 1, currency: 'USD', models };

async function open(): Promise<ControlPlane> {
  const declared = await declareTools(tools, declarations);
  const setting = { policy, prices, agents: ['researcher'], tools: declared };
  return openControlPlane({ storage: sqlite(file), ...setting });
}

/** So much a month for a tenant, whoever works for it and with whatever. */
function monthly(org: string, limit: string): BudgetPlanDocument {
  const scope = { kind: 'org', id: org } as const;
  const window = { every: 'month', zone: 'Europe/Berlin' } as const;
  return { id: 'monthly', unit: 'usd', limit, scope, sharing: 'shared', window };
}

/** Stands for a provider's model: it searches twice and then answers, and counts 100 tokens in and 400 out. */
function writer(): MockLanguageModelV4 {
  let step = 0;
  return new MockLanguageModelV4({
    modelId: 'writer',
    doGenerate: async () => {
      step += 1;
      const input = JSON.stringify({ query: `q-${step}` });
      const ask = {
        type: 'tool-call',
        toolCallId: `c-${step}`,
        toolName: 'search',
        input,
      } as const;
      const isDone = step > 2;
      return {
        content: isDone ? [{ type: 'text', text: 'the answer' }] : [ask],
        finishReason: { unified: isDone ? 'stop' : 'tool-calls', raw: undefined },
        usage: {
          inputTokens: { total: 100, noCache: 100, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 400, text: 400, reasoning: 0 },
        },
        warnings: [],
      };
    },
  });
}

/** An agent of a tenant works: the answer, or the code of the refusal that ended it. */
async function research(plane: ControlPlane, org: string, person: string): Promise<string> {
  const principal = plane.identity.assert({ id: person, org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'researcher' });
  try {
    const { text, steps } = await generateText({
      model: governModel(session, writer(), { maxOutputTokens: 1_000 }),
      tools: await governTools(session, tools, declarations),
      stopWhen: isStepCount(20),
      prompt: 'look it up',
    });
    say(`${org}, ${person}: ${text}, in ${steps.length} steps`);
    return text;
  } catch (refusal) {
    if (!ActionRefused.is(refusal)) throw refusal;
    say(`${org}, ${person}: stopped, ${refusal.message}`);
    return refusal.code;
  } finally {
    await session.complete();
  }
}

/** What each tenant has used of its budget this month. */
async function used(plane: ControlPlane) {
  const budgets = await Promise.all(['acme', 'zeta'].map((org) => plane.budgets(org)));
  return budgets.map(([budget]) => budget?.accounts[0]?.posted);
}

let plane = await open();
await plane.setBudget({ org: 'acme', plan: monthly('acme', '0.12') });
await plane.setBudget({ org: 'zeta', plan: monthly('zeta', '0.12') });

// Three model calls at 0.0105 and two searches at 0.01 are 0.0515. The second run does not come to its end.
assert.equal(await research(plane, 'acme', 'user:ann'), 'the answer');
assert.equal(await research(plane, 'acme', 'user:bob'), 'budget-exceeded');
assert.equal(await research(plane, 'zeta', 'user:ann'), 'the answer');
assert.deepEqual(await used(plane), ['0.0925', '0.0515']);

say('the process ends, and another one opens the file');
await plane.close();
plane = await open();
assert.equal(await research(plane, 'acme', 'user:cyd'), 'budget-exceeded');

// Whoever spends cannot raise, and nobody raises another org's. An admin of the org can, for a reason.
const raise = { org: 'acme', plan: monthly('acme', '0.30') };
const cyd = plane.identity.assert({ id: 'user:cyd', org: 'acme', roles: ['agent'] });
const zoe = plane.identity.assert({ id: 'user:zoe', org: 'zeta', roles: ['admin'] });
for (const by of [cyd, zoe]) {
  await assert.rejects(plane.setBudget({ ...raise, by }), { code: 'permission-denied' });
}
const by = plane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['admin'] });
await plane.setBudget({ ...raise, by, reason: 'the quarter is not over' });
say('acme, user:ada: raised to 0.30');
assert.equal(await research(plane, 'acme', 'user:cyd'), 'the answer');

for (const { group, amounts, tokens } of await plane.usage({ by: ['principal', 'action'] })) {
  const { org, principal, action } = group;
  say(`${org} ${principal} ${action}: ${amounts['usd']} USD, ${tokens.output} tokens out`);
}
const [acme, zeta] = await used(plane);
assert.deepEqual([acme, zeta], ['0.144', '0.0515']);
await plane.close();
const store = sqlite(file, { mode: 'read-only' });
assert.equal((await verify(store)).holds, true);
await store.close();
rmSync(folder, { recursive: true });
console.log(`ran out, after a restart too, until it was raised; used: ${acme} and ${zeta} USD`);
