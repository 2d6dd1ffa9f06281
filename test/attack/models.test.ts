/**
 * Attacks on model calls and what they cost (A26–A37, A85–A88), on a real file.
 *
 * Attacks on models that stand elsewhere: A29, A31, A82, A83 and the A32 of models in
 * `test/enforce/call-model.test.ts`, A84 in `test/enforce/govern-model.test.ts`, A33 in
 * `test/crash/spend-race.test.ts`, A40 and A41 in `test/engine/nested-sessions.test.ts`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { MockLanguageModelV4 } from 'ai/test';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { governModel } from '../../src/enforce/adapters/ai-sdk.ts';
import {
  type BudgetPlanDocument,
  callModel,
  type ModelAnswer,
  type Session,
  sqlite,
  verify,
} from '../../src/index.ts';
import { codeBlocks, root } from '../docs/documents.ts';
import { lastOf } from '../enforce/models.ts';
import { codeOf } from '../engine/shop.ts';
import { attempt, setStage, type Stage, typesOf, withModels } from './stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await setStage(withModels);
});

afterEach(async () => {
  const store = sqlite(stage.path, { mode: 'read-only' });
  const { faults } = await verify(store);
  await store.close();
  await stage.end();
  assert.deepEqual(faults, []);
});

/** 100 tokens at 1 micro-USD and 50 at 2. */
const asked = { model: 'small', maxInputTokens: 100, maxOutputTokens: 50 };
const worst = 200;
const usage = { inputTokens: 10, outputTokens: 5 };
const cost = 20;

const open = (budget: Readonly<Record<string, string | number>> = { usd: '1' }) =>
  stage.plane.openSession({ principal: stage.people.billing, agent: 'bot', budget });

const call = (session: Session, answer: Partial<ModelAnswer<string>> = { usage }, more = {}) =>
  callModel(session, { ...asked, ...more }, () => Promise.resolve({ result: '', ...answer }));

const money = async (session: Session) => {
  const { posted, reserved, frozen } = (await stage.plane.budget(session.id, 'usd')) ?? {};
  return { posted, reserved, frozen };
};

const wrongCounts = [-1, -0.5, 0.1, Number.NaN, Infinity, Number('1e400'), 2 ** 53];

test('A26 A27 A28 a bound that is no count of tokens is refused', async () => {
  const session = await open();
  for (const count of wrongCounts) {
    for (const bound of [{ maxInputTokens: count }, { maxOutputTokens: count }]) {
      const outcome = await attempt(stage.plane, () => call(session, { usage }, bound));
      expect(['input-invalid', 'arguments-unrepresentable']).toContain(outcome.code);
      expect(outcome.events).toEqual([]);
    }
  }
  expect(await money(session)).toMatchObject({ posted: 0, reserved: 0 });
});

test('A26 A27 A28 a reported cost that is no amount changes nothing', async () => {
  const session = await open();
  // A fraction of a dollar is a cost, as providers write them: `test/enforce/call-model.test.ts`.
  const wrongCosts = [...wrongCounts.filter((each) => each !== 0.1), '', '1e3', '0x10', '-5', '٣'];
  for (const reported of wrongCosts) await call(session, { usage, cost: reported });
  const calls = wrongCosts.length;
  expect(await money(session)).toEqual({ posted: calls * cost, reserved: 0, frozen: false });
});

test('A34 a provider that counts more than was reserved is booked in full and freezes the budget', async () => {
  const session = await open();
  const much = { inputTokens: 100_000, outputTokens: 50_000 };
  const settled = await attempt(stage.plane, () => call(session, { usage: much }));
  expect(typesOf(settled)).toEqual(['action-decided', 'permit-settled', 'budget-frozen']);
  expect(await money(session)).toEqual({ posted: 1_000 * worst, reserved: 0, frozen: true });
  let ran = false;
  const next = callModel(session, asked, () => {
    ran = true;
    return Promise.resolve({ result: '' });
  });
  expect([await codeOf(next), ran]).toEqual(['budget-frozen', false]);
});

test('A35 a model call whose sender reports twice is settled once', async () => {
  const session = await open();
  await callModel(session, asked, async ({ permit }) => {
    await session.settle(permit, { outcome: 'succeeded', model: { usage } });
    return { result: '', usage: { inputTokens: 0, outputTokens: 0 } };
  });
  expect(await money(session)).toMatchObject({ posted: cost, reserved: 0 });
});

test('A36 the permit of a model call is settled by its own session alone', async () => {
  const [session, sibling] = [await open(), await open()];
  let code = '';
  await callModel(session, asked, async ({ permit }) => {
    const free = {
      outcome: 'failed',
      model: { usage: { inputTokens: 0, outputTokens: 0 } },
    } as const;
    code = await codeOf(sibling.settle(permit, free));
    return { result: '', usage };
  });
  expect(code).toBe('permit-not-genuine');
  expect(await money(session)).toMatchObject({ posted: cost });
});

const key = 'sk-provider-key-of-the-host';

test('A85 neither the model inside nor its key can be reached from a governed model', async () => {
  const inner = Object.assign(new MockLanguageModelV4({ modelId: 'small' }), {
    config: { apiKey: key },
  });
  const governed = governModel(await open(), inner, { maxOutputTokens: 5 });
  const seen = reachable(governed);
  expect(seen.size).toBeGreaterThan(5);
  for (const secret of [inner, inner.config, inner.doGenerate, inner.doStream, key]) {
    expect(seen.has(secret)).toBe(false);
  }
  const shown = inspect(governed, { depth: 20, showHidden: true, getters: true });
  expect(shown + JSON.stringify(governed)).not.toContain(key);
  expect(shown).not.toContain('MockLanguageModel');
});

/** Everything that can be had from an object by members, symbols, getters and prototypes. */
function reachable(start: unknown): ReadonlySet<unknown> {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [start];
  for (let each = waiting.pop(); waiting.length > 0 || each !== undefined; each = waiting.pop()) {
    if (seen.has(each)) continue;
    seen.add(each);
    if ((typeof each !== 'object' || each === null) && typeof each !== 'function') continue;
    waiting.push(Object.getPrototypeOf(each));
    for (const name of Reflect.ownKeys(each)) {
      try {
        waiting.push(Reflect.get(each, name, start));
      } catch {
        // A getter that refuses this object gives nothing away.
      }
    }
  }
  return seen;
}

test('A85 the documented lint rule finds each import of a provider beside the one file', async () => {
  const folder = join(dirname(stage.path), 'app');
  mkdirSync(join(folder, 'src'), { recursive: true });
  const rule = codeBlocks('docs/models.md', 'json').find((each) =>
    each.includes('no-restricted-imports'),
  );
  writeFileSync(join(folder, '.oxlintrc.json'), rule ?? '');
  const providers = ['@ai-sdk/openai', '@openrouter/ai-sdk-provider', 'openai', 'openai/client'];
  const imports = [...providers, '@anthropic-ai/sdk', '@google/genai', 'ai', './models.ts'];
  const source = imports.map((name, at) => `export * as a${at} from '${name}';\n`).join('');
  writeFileSync(join(folder, 'src', 'loop.ts'), source);
  writeFileSync(join(folder, 'src', 'models.ts'), source);
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const run = promisify(execFile)(process.execPath, [oxlint, '--format=json'], { cwd: folder });
  const { stdout } = await run.catch((failure: unknown) => failure as { readonly stdout: string });
  const found = JSON.parse(stdout) as {
    readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
  };
  const places = found.diagnostics.map(({ code, filename }) => `${filename} ${code}`);
  expect(places).toEqual(
    imports.slice(0, -2).map(() => 'src/loop.ts eslint(no-restricted-imports)'),
  );
});

// The list has no A86. Read as its threat T9 has it: a bill that the log knows too little of.
test('A86 spending that the log does not know of comes out with the bill, and stops the model', async () => {
  const session = await open();
  await call(session);
  const { at } = await stage.plane.head();
  const day = new Date(at).toISOString().slice(0, 10);
  const bill = {
    org: 'acme',
    source: 'provider/1',
    rows: [{ day, model: 'cloud/small', usd: '5' }],
    freezeAbovePercent: 10,
  };
  const [drift] = await stage.plane.reconcile(bill);
  expect(drift).toMatchObject({ billed: '5', recorded: '0.00002', stopped: true });
  expect(await lastOf(stage.plane, 'usage-reconciled')).toMatchObject({ stopped: ['small'] });
  expect(await codeOf(call(session))).toBe('killed');
  expect(await codeOf(call(session, { usage }, { model: 'small-alias' }))).toBe('killed');
});

const scope = { kind: 'org', id: 'acme' } as const;
const plan: BudgetPlanDocument = {
  id: 'plan',
  unit: 'usd',
  limit: '1',
  scope,
  sharing: 'shared',
  window: 'unlimited',
};

const wrongPlans: Readonly<Record<string, object>> = {
  'without a scope': { scope: undefined },
  'for everybody by omission': { scope: { kind: 'principal' } },
  'for an empty name': { scope: { kind: 'principal', id: '' } },
  'for a wildcard': { scope: { kind: 'principal', id: '*' } },
  'for every and for one': { scope: { kind: 'principal', id: 'user:ann', every: true } },
  'for another org': { scope: { kind: 'org', id: 'globex' } },
  'without its sharing': { sharing: undefined },
  'without its window': { window: undefined },
  'for all in an org': { scope: { kind: 'all' }, acknowledgeAll: true },
  'with a misspelt member': { limits: '1' },
};

test('A87 a plan that does not say whom it is for is refused, and the log says so', async () => {
  const { plane } = stage;
  for (const [name, wrong] of Object.entries(wrongPlans)) {
    const whole = JSON.parse(JSON.stringify({ ...plan, ...wrong })) as BudgetPlanDocument;
    const outcome = await attempt(plane, () => plane.setBudget({ org: 'acme', plan: whole }));
    expect([name, outcome.code, typesOf(outcome)]).toEqual([
      name,
      'budget-invalid',
      ['command-rejected'],
    ]);
  }
  expect(await plane.budgets('acme')).toEqual([]);
});

test('A87 a plan for all needs the word, and a lint says what is likely not meant', async () => {
  const { plane } = stage;
  const all = { ...plan, id: 'all', scope: { kind: 'all' } } as const;
  expect(await codeOf(plane.setBudget({ org: '*', plan: all }))).toBe('budget-invalid');
  await plane.setBudget({ org: '*', plan: { ...all, acknowledgeAll: true } });
  await plane.setBudget({ org: 'acme', plan });
  await plane.setBudget({ org: 'acme', plan: { ...plan, id: 'same' } });
  const nobody = { kind: 'principal', id: 'user:nobody' } as const;
  await plane.setBudget({ org: 'acme', plan: { ...plan, id: 'zero', scope: nobody, limit: 0 } });
  const { findings } = await plane.lintBudgets('acme');
  expect(new Set(findings.map(({ code }) => code))).toEqual(
    new Set(['overlap', 'zero-limit', 'matches-nothing']),
  );
});

test('A88 of budgets that overlap all reserve, or none does, however many call at once', async () => {
  const { plane } = stage;
  const every = { scope: { kind: 'principal', every: true }, sharing: 'perMember' } as const;
  const plans: readonly BudgetPlanDocument[] = [
    { ...plan, id: 'org' },
    { ...plan, id: 'person', ...every },
    { ...plan, id: 'model', scope: { kind: 'model', id: 'small' }, limit: '0.002' },
    { ...plan, id: 'calls', unit: 'actions', limit: 50 },
  ];
  for (const each of plans) await plane.setBudget({ org: 'acme', plan: each });
  const sessions = await Promise.all([open(), open(), open()]);
  const calls = Array.from({ length: 90 }, (_, at) => {
    const [session] = sessions.slice(at % 3);
    if (session === undefined) throw new Error('no session');
    return codeOf(call(session, {}));
  });
  const codes = await Promise.all(calls);
  expect(codes.filter((code) => code === 'resolved')).toHaveLength(10);
  expect(new Set(codes)).toEqual(new Set(['resolved', 'budget-exceeded']));
  const budgets = await plane.budgets('acme');
  const used = budgets.map(({ accounts, plan: { id } }) => [
    id,
    accounts.map(({ posted, reserved }) => `${posted}+${reserved}`),
  ]);
  expect(Object.fromEntries(used)).toEqual({
    org: ['0.002+0'],
    person: ['0.002+0'],
    model: ['0.002+0'],
    calls: ['10+0'],
  });
});
