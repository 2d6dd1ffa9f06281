/** What a condition can never meet is refused: the rule would be there, and would not be kept to. */
import { expect, test } from 'vitest';
import { noCounters } from '../../src/kernel/policy/expression.ts';
import { compileCondition } from '../../src/kernel/policy/condition.ts';
import type { ConditionDocument } from '../../src/kernel/index.ts';
import { readPolicy } from '../../src/policy/index.ts';
import { lowerCel } from '../../src/policy/cel-lowering.ts';
import { openOneTool } from '../engine/one-tool.ts';

const guard = { id: 'g', evaluator: 'secrets', effect: 'inform' };
const actions = { 'order.read': {}, 'order.refund': {}, 'mail.send': {} };
/** What each of them can be; of names, some. */
const values = {
  risk: ['low', 'medium', 'high', 'critical'],
  action: Object.keys(actions),
  'guardrails.g': ['pass', 'refuse'],
  agent: ['bot', 'bot-2', 'a'],
  org: ['acme', 'a'],
  principal: ['user:ann', 'a/b', 'a'],
  session: ['s-1', 'a'],
} as const;
type Root = keyof typeof values;
const roots = Object.keys(values) as Root[];
const listed: ReadonlySet<Root> = new Set(['risk', 'action', 'guardrails.g'] as const);

function read(when: unknown, more: object = {}) {
  return readPolicy({
    format: 1,
    version: 1,
    actions,
    tiers: { unrestricted: ['**'] },
    rules: [
      { id: 'r', effect: 'deny', when },
      { id: 's', effect: 'deny', when: { path: 'guardrails.g', equals: 'pass' } },
    ],
    guardrails: { tool: [guard] },
    ...more,
  });
}

function codesOf(when: unknown, more?: object): readonly string[] {
  const result = read(when, more);
  const findings = 'findings' in result ? result.findings : result.warnings;
  return findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`);
}

/** How the condition comes out, by what the root is. */
function truths(when: unknown, root: Root): readonly unknown[] {
  const lowered = lowerCel({ rules: [{ when }] }).document as { rules: { when: unknown }[] };
  const evaluate = compileCondition(lowered.rules[0]?.when as ConditionDocument);
  const subject = { arguments: {}, resource: 'x', tool: 't', counters: noCounters };
  return values[root].map((value) =>
    evaluate({
      ...Object.fromEntries(roots.map((each) => [each, values[each][0]])),
      ...subject,
      assetClasses: [],
      [root]: value,
      guardrails: { g: root === 'guardrails.g' ? value : 'pass' },
    } as unknown as Parameters<typeof evaluate>[0]),
  );
}

const literals =
  'low High order.read order.* ordre.* pass refused bot bot-? a,b user:ann user:* ^a$ s-1 or a . *'.split(
    ' ',
  );

const cel = (root: string): string => (root === 'session' ? 'session.id' : root);
const forms: Readonly<Record<string, (root: string, literal: string) => unknown>> = {
  equals: (path, equals) => ({ path, equals }),
  in: (path, literal) => ({ any: [{ path, in: [literal] }] }),
  matches: (path, matches) => ({ all: [{ path, matches }] }),
  startsWith: (path, startsWith) => ({ path, startsWith }),
  endsWith: (path, endsWith) => ({ path, endsWith }),
  contains: (path, contains) => ({ path, contains }),
  '==': (path, literal) => `${cel(path)} == "${literal}"`,
  '== the other way round': (path, literal) => `"${literal}" == ${cel(path)}`,
  'in […]': (path, literal) => `${cel(path)} in ["${literal}"]`,
  glob: (path, literal) => ({ any: [{ cel: `glob(${cel(path)}, "${literal}")` }] }),
  '.startsWith': (path, literal) => `${cel(path)}.startsWith("${literal}")`,
  '.endsWith': (path, literal) => `${cel(path)}.endsWith("${literal}")`,
  '.contains': (path, literal) => `${cel(path)}.contains("${literal}")`,
};

test.each(Object.keys(forms))('`%s` is refused where it can never hold, and else not', (form) => {
  const wrong: string[] = [];
  for (const root of roots) {
    for (const literal of literals) {
      const when = forms[form]?.(root, literal);
      const isRefused = codesOf(when).some((each) => each.includes('impossible-value'));
      const holds = truths(when, root).includes(true);
      // Of names there are more than are tried here.
      if (isRefused ? holds : listed.has(root) && !holds) wrong.push(`${root} ${literal}`);
    }
  }
  expect(wrong).toEqual([]);
});

const when = 'rules[0].when';
const refused = `error impossible-value ${when}`;

test.each<[unknown, readonly string[]]>([
  [{ path: 'agent', equals: 'a,b' }, [refused]],
  [{ path: 'principal', matches: 'user:.+$' }, [refused]],
  [{ path: 'agent', startsWith: '.' }, [refused]],
  [{ path: 'org', endsWith: ' ' }, [refused]],
  [{ path: 'session', contains: ',' }, [refused]],
  [{ path: 'agent', equals: 5 }, [refused]],
  [{ path: 'resource', equals: null }, [refused]],
  [{ path: 'tool', in: ['x', true] }, [refused]],
  [{ path: 'tool', startsWith: 'any text, or none' }, []],
  [{ not: { path: 'risk', notEquals: 'HIGH' } }, [`${refused}.not`]],
  [
    {
      all: [
        { path: 'risk', notIn: ['high', 'higher'] },
        { path: 'risk', equals: 'low' },
      ],
    },
    [`${refused}.all[0]`],
  ],
  ['guardrails["g"] == "refused"', [refused]],
  ['guardrails["g"] == "refuse"', []],
  ['arguments.n > 5 && (risk != "HIGH" || arguments.n > 9)', [refused]],
  ['arguments.risk == "HIGH" && lower(risk) == "high"', []],
  ['countAllowed("order.wriet") >= 10', [refused]],
  ['countAllowed("order.*") >= 10', []],
  ['risk.matches("h.gh")', []],
  ['host(arguments.url) == "A.com"', [refused]],
  ['host(arguments.url) == "a.com:80"', [refused]],
  ['"https://a.com" == host(arguments.url)', [refused]],
  ['host(arguments.url) in ["a.com", "B.com"]', [refused]],
  ['host(arguments.url).endsWith(".A.com")', [refused]],
  ['host(arguments.url).startsWith("https:")', [refused]],
  ['glob(host(arguments.url), "*.A.com")', [refused]],
  ['host(arguments.url) == "a.com" || host(arguments.url) == "10.0.0.1"', []],
  ['host(arguments.url).endsWith(".1") || host(arguments.url).startsWith("api.")', []],
  ['glob(host(arguments.url), "*.a.com") || host(arguments.url).contains("-.")', []],
  ['scheme(arguments.url) != "https:"', [refused]],
  ['scheme(arguments.url) != "HTTPS"', [refused]],
  ['scheme(arguments.url) == "mailto"', [refused]],
  ['scheme(arguments.url) != "https" && scheme(arguments.url) != "git+ssh"', []],
  ['lower(arguments.name) == "ADMIN"', [refused]],
  ['lower(arguments.name).contains("Drop")', [refused]],
  ['lower(arguments.name) == "admin" || lower(arguments.name).contains("drop ")', []],
  ['lower(arguments.name).matches("[A-Z]")', []],
  ['"personal" in assetClasses', [refused]],
  ['"red" in session.labels', [`warning label-unset ${when}`]],
  ['"seen" in session.labels', []],
  ['"tried" in session.labels', [`warning label-unset ${when}`]],
])('%j: %j', (condition, expected) => {
  const sets = { id: 't', effect: 'allow', match: { action: 'mail.send' }, labels: ['seen'] };
  const other = { id: 's', effect: 'deny', when: { path: 'guardrails.g', equals: 'pass' } };
  const tries = { ...sets, id: 'u', labels: ['tried'], mode: 'shadow' };
  const rules = [{ id: 'r', effect: 'deny', when: condition }, other, sets, tries];
  expect(codesOf(condition, { rules })).toEqual(expected);
});

test('classes are looked for where a classifier gives some', () => {
  const assets = { classifiers: [{ id: 'c', classifier: 'inventory' }] };
  expect(codesOf('"personal" in assetClasses', { assets })).toEqual([]);
});

test('a control plane does not open with such a policy', async () => {
  const opened = openOneTool({
    tool: { name: 't', action: 'act', resource: 'x' },
    policy: { rules: [{ id: 'r', effect: 'deny', when: { path: 'risk', equals: 'High' } }] },
  });
  await expect(opened).rejects.toThrow(/impossible-value.*`risk` with `High`/);
});

test.each<[unknown, boolean]>([
  [{ path: 'resource', startsWith: 'customer/' }, true],
  [{ path: 'resource', startsWith: 'order/vip-' }, false],
  [{ path: 'resource', startsWith: 'o' }, false],
  [{ path: 'resource', endsWith: '/x/y' }, true],
  [{ path: 'resource', endsWith: 'y' }, false],
  [{ path: 'resource', contains: '//' }, true],
  [{ path: 'resource', contains: 'x' }, false],
  [{ path: 'resource', matches: 'Order/*' }, true],
  [{ path: 'resource', matches: '*/1' }, false],
  [{ path: 'resource', in: ['order/1', 'Order/1'] }, true],
  [{ path: 'resource', notEquals: 'order/1' }, false],
  ['resource == "order" || resource == "order/1"', true],
  ['glob(resource, "order/**/a/**")', true],
  ['resource.startsWith("order/é")', false],
  ['resource.startsWith("ordér/")', false],
  ['resource == "order/*"', false],
  ['inside(resource, "customer")', false],
])('a resource that no action of the rule may touch: %j, %j', (condition, isImpossible) => {
  const within = {
    'order.read': { resource: 'order/*' },
    'order.refund': { resource: 'order/?' },
  };
  const codes = (match: object | undefined, more: object = {}) => {
    const rule = {
      id: 'r',
      effect: 'deny',
      when: condition,
      ...(match === undefined ? {} : { match }),
    };
    const other = { id: 's', effect: 'deny', when: { path: 'guardrails.g', equals: 'pass' } };
    return codesOf(condition, { actions: { ...within, ...more }, rules: [rule, other] });
  };
  expect(codes({ action: 'order.*' })).toEqual(
    isImpossible ? ['error impossible-value rules[0].when'] : [],
  );
  // Where an action may touch anything, or none is named, it may hold.
  expect(codes({ action: ['order.read', 'free'] }, { free: {} })).toEqual([]);
  expect(codes(undefined)).toEqual([]);
});

test.each<[object, unknown, boolean]>([
  [{ action: 'order.*' }, { path: 'action', equals: 'mail.send' }, true],
  [{ action: 'order.*' }, { path: 'action', notEquals: 'mail.send' }, true],
  [{ action: 'order.*' }, { path: 'action', equals: 'order.read' }, false],
  [{ action: 'order.*' }, { path: 'action', startsWith: 'mail' }, true],
  [{ action: 'order.*' }, { path: 'action', in: ['mail.send', 'order.read'] }, false],
  [{ action: 'order.read' }, { path: 'action', in: ['mail.send', 'order.refund'] }, true],
  [{ action: 'order.read' }, 'action in ["mail.send", "order.refund"]', true],
  [{ action: 'order.read' }, 'action in ["mail.send", arguments.action]', false],
  [{ action: 'order.read' }, 'action == "mail.send" || arguments.n > 1', true],
  [{ agent: ['bot', 'bot-*'] }, { path: 'agent', equals: 'robot' }, true],
  [{ agent: ['bot', 'bot-*'] }, { path: 'agent', equals: 'bot-7' }, false],
  [{ agent: ['bot', 'bot-*'] }, { path: 'agent', matches: '*-7' }, false],
  [{ agent: ['bot', 'bot-*'] }, 'agent.matches("robot")', false],
  [{ principal: 'service:*' }, { path: 'principal', startsWith: 'user:' }, true],
  [{ principal: 'service:*' }, { path: 'principal', contains: 'user' }, false],
  [{ resource: 'order/*' }, { path: 'resource', equals: 'customer/1' }, true],
  [{ resource: 'order/*' }, { path: 'resource', equals: 'order/1' }, false],
  [{ resource: 'order/*', agent: 'bot' }, { path: 'tool', equals: 'robot' }, false],
  [{ action: 'order.*' }, { path: 'agent', equals: 'robot' }, false],
])('what a rule with the match %j never meets: %j, %j', (match, condition, isImpossible) => {
  const other = { id: 's', effect: 'deny', when: { path: 'guardrails.g', equals: 'pass' } };
  const rules = [{ id: 'r', effect: 'deny', match, when: condition }, other];
  expect(codesOf(condition, { rules })).toEqual(isImpossible ? [refused] : []);
});

test('what a rule never matches is named with what it matches', () => {
  const rule = { id: 'r', effect: 'deny', match: { agent: 'bot' } };
  const other = { id: 's', effect: 'deny', when: { path: 'guardrails.g', equals: 'pass' } };
  const rules = [{ ...rule, when: { path: 'agent', in: ['robot', 'root'] } }, other];
  const result = read({}, { rules });
  expect(result).toMatchObject({
    findings: [
      { message: 'compares `agent` with `robot`, which is no agent that the rule matches' },
    ],
  });
});
