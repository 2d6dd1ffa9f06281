/** Each list of a policy may be as long as its limit says, and no longer. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { checkPolicy } from './check.ts';

const numbered = (length: number): readonly string[] => Array.from({ length }, (_, n) => `n${n}`);
const byName = (names: readonly string[], value: unknown): object =>
  Object.fromEntries(names.map((name) => [name, value]));
const guardrails = (ids: readonly string[]) => ids.map((id) => ({ id, evaluator: 'secrets' }));
const classifier = [{ id: 'c', classifier: 'inventory' }];

const sections: readonly (readonly [
  path: string,
  most: number,
  of: (names: readonly string[]) => object,
])[] = [
  ['actions', limits.policyActionsMax, (names) => ({ actions: byName(names, {}) })],
  ['rules', limits.policyRulesMax, (ids) => ({ rules: ids.map((id) => ({ id, effect: 'deny' })) })],
  [
    'roles',
    limits.policyRolesMax,
    (names) => ({ roles: byName(names, { permissions: ['open-session'] }) }),
  ],
  [
    'rules[0].labels',
    limits.labelsMax,
    (labels) => ({ rules: [{ id: 'r', effect: 'allow', labels }] }),
  ],
  ['guardrails.tool', limits.guardrailsMax, (ids) => ({ guardrails: { tool: guardrails(ids) } })],
  [
    'guardrails.output',
    limits.guardrailsMax,
    ([first = '', ...ids]) => ({
      guardrails: { tool: guardrails([first]), output: guardrails(ids) },
    }),
  ],
  [
    'assets.risk',
    limits.assetClassesMax,
    (names) => ({ assets: { classifiers: classifier, risk: byName(names, 'high') } }),
  ],
  [
    'risk.sequences',
    limits.riskSequencesMax,
    (ids) => ({
      risk: { sequences: ids.map((id) => ({ id, steps: ['n0', 'n0'], raiseTo: 'high' })) },
    }),
  ],
  [
    'models.tiers.t.agents',
    limits.modelPatternsMax,
    (agents) => ({ models: { tiers: { t: { agents } } } }),
  ],
  [
    'models.overrides',
    limits.modelPatternsMax,
    (ids) => ({ models: { overrides: ids.map((id) => ({ id, principals: ['x'], deny: ['y'] })) } }),
  ],
  [
    'locks',
    limits.locksMax,
    (ids) => ({ locks: ids.map(() => ({ actions: ['n0'], mode: 'exclusive' })) }),
  ],
  [
    'locks[0].actions',
    limits.lockPatternsMax,
    (ids) => ({ locks: [{ actions: ids.map(() => 'n0'), mode: 'exclusive' }] }),
  ],
];

test.each(sections)('%s has at most %i', (path, most, of) => {
  const findingsOf = (length: number): readonly string[] => {
    const checked = checkPolicy({
      format: 1,
      version: 1,
      actions: { n0: {} },
      ...of(numbered(length)),
    });
    return 'findings' in checked
      ? checked.findings.map(({ code, path: at }) => `${code} ${at}`)
      : [];
  };
  expect(findingsOf(most)).toEqual([]);
  expect(findingsOf(most + 1)).toEqual([`too-many ${path}`]);
});
