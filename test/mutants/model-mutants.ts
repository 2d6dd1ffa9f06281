/** Mutants of model calls, of what is nested in sessions, and of buckets. */
import type { Mutant } from './mutant.ts';

const model = (file: string) => `src/kernel/model/${file}.ts`;
const callTests = ['test/enforce/call-model.test.ts'];
const sdkTests = ['test/enforce/govern-model.test.ts'];
const nestedTests = ['test/engine/nested-sessions.test.ts'];
const attackTests = ['test/attack/models.test.ts'];
const lateTests = ['test/engine/late-usage.test.ts'];

export const modelMutants: readonly Mutant[] = [
  {
    name: 'every-model-is-dated',
    guards: 'A name with a date behind is a model only where the catalogue says so.',
    file: model('catalogue'),
    find: 'return undated?.dated === true ? undated : undefined;',
    replace: 'return undated;',
    tests: ['src/kernel/model/catalogue.test.ts', ...callTests],
  },
  {
    name: 'missing-usage-is-free',
    guards: 'Usage that is missing or inconsistent counts as the whole reservation.',
    file: 'src/kernel/handle-permit.ts',
    find: ': atLeast(',
    replace: ': atLeast({}, {}) ?? atLeast(',
    tests: callTests,
  },
  {
    name: 'lower-cost-is-believed',
    guards: 'A caller reports a higher cost than the computed one, never a lower.',
    file: model('model-usage'),
    find: 'amounts[unit] = Math.max(amount, amountOf(reported, unit));',
    replace: 'amounts[unit] = amountOf(reported, unit) || amount;',
    tests: callTests,
  },
  {
    name: 'other-model-at-own-price',
    guards: 'An answer from another model is charged at the dearer price.',
    file: model('model-usage'),
    find: 'Math.max(own, others ?? 0)',
    replace: 'own',
    tests: callTests,
  },
  {
    name: 'other-tiers-are-open',
    guards: 'A tier other than standard is open to nobody whom the policy does not name.',
    file: model('access'),
    find: "(model.tier === 'standard' ? open : undefined)",
    replace: 'open',
    tests: callTests,
  },
  {
    name: 'override-does-not-deny',
    guards: 'A model that an override denies is denied.',
    file: model('access'),
    find: 'if (denying !== undefined) {',
    replace: 'if (false) {',
    tests: callTests,
  },
  {
    name: 'alias-is-another-model',
    guards: 'No alias gets around a rule, a kill switch or a budget of a model.',
    file: model('model-call'),
    find: 'return findModel(compileCatalogue(prices.document), name)?.id ?? name;',
    replace: 'return name;',
    tests: callTests,
  },
  {
    name: 'unbounded-model-call',
    guards: 'What nothing bounds does not run.',
    file: model('model-call'),
    find: 'if (stated === undefined || own === undefined) return stated ?? own;',
    replace: 'if (stated === undefined || own === undefined) return stated ?? own ?? 1;',
    tests: callTests,
  },
  {
    name: 'provider-is-told-nothing',
    guards: 'The provider is told no more output than was reserved for.',
    file: 'src/enforce/adapters/ai-sdk-model.ts',
    find: 'return { ...params, maxOutputTokens, abortSignal: signal };',
    replace: 'return { ...params, abortSignal: signal };',
    tests: sdkTests,
  },
  {
    name: 'stream-is-not-cut',
    guards: 'A stream beyond the reserved tokens is cut.',
    file: 'src/enforce/adapters/ai-sdk-stream.ts',
    find: 'if (this.#tokensAtLeast <= outputTokensMax) return;',
    replace: 'if (this.#tokensAtLeast <= outputTokensMax * 100) return;',
    tests: sdkTests,
  },
  {
    name: 'stream-is-not-withheld',
    guards: 'What guardrails judge is not passed on before they have.',
    file: 'src/enforce/adapters/ai-sdk-stream.ts',
    find: 'if (!this.#isJudged) return [part];',
    replace: 'if (part.type !== "finish") return [part];',
    tests: sdkTests,
  },
  {
    name: 'sessions-above-do-not-pay',
    guards: 'A session spends from the budgets of those that it works for.',
    file: 'src/kernel/budget/reservation.ts',
    find: 'return [session, ...above].flatMap(({ id, units }) =>',
    replace: 'return [session, ...above.slice(9)].flatMap(({ id, units }) =>',
    tests: nestedTests,
  },
  {
    name: 'session-above-is-not-asked',
    guards: 'A session stops with the one that it works for.',
    file: 'src/kernel/handled.ts',
    find: 'for (const id of [session.id, ...(session.ancestors ?? [])]) {',
    replace: 'for (const id of [session.id]) {',
    tests: nestedTests,
  },
  {
    name: 'late-usage-is-forgotten',
    guards: 'What is more than was charged is a debt.',
    file: 'src/kernel/budget/account.ts',
    find: 'posted: budget.posted + debt,',
    replace: 'posted: budget.posted,',
    tests: lateTests,
  },
  {
    name: 'bucket-gives-back-twice',
    guards: 'What has flowed back by itself does not come back once more.',
    file: 'src/kernel/budget/bucket.ts',
    find: '-max(0n, -difference - flowed)',
    replace: 'difference',
    tests: ['src/kernel/budget/bucket.test.ts'],
  },
  {
    name: 'raise-thaws-later-overrun',
    guards: 'Only a raise after the overrun thaws what it froze.',
    file: 'src/kernel/apply-decision.ts',
    find: 'limit <= account.limit ? account : { ...account, limit };',
    replace: 'limit <= account.limit ? account : account;',
    tests: ['test/engine/budget-plans.test.ts'],
  },
  {
    name: 'bucket-fills-at-once',
    guards: 'A bucket gives no more than it holds and what flows in.',
    file: 'src/kernel/budget/bucket.ts',
    find: 'const flowed = BigInt(limit) * BigInt(Math.max(0, at - bucket.at));',
    replace: 'const flowed = BigInt(limit) * BigInt(Math.max(0, at - bucket.at)) * 2n;',
    tests: ['src/kernel/budget/bucket.test.ts'],
  },
  {
    name: 'inner-model-shows',
    guards: 'The model inside a governed one cannot be reached.',
    file: 'src/enforce/adapters/ai-sdk-model.ts',
    find: "specificationVersion: 'v4',",
    replace:
      "specificationVersion: 'v4', overrideSupportedUrls: ({ model: m }) => ({ m }) as never,",
    tests: attackTests,
  },
];
