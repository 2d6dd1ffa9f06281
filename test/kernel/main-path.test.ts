/**
 * The main path, step by step: the first refusal is the answer, and the decision says at which
 * step.
 */
import { expect, test } from 'vitest';
import type { SchemaFact } from '../../src/kernel/index.ts';
import { agents, type Call, cast, digestOf, policyDocument, Stage, tools } from './stage.ts';

const read = { tool: 'read', args: { name: 'a' } } as const;

interface Row {
  readonly given: string;
  readonly expect: string;
  readonly step: string;
  /** Sets the stage and says what is called, in which session. */
  readonly call: (stage: Stage, session: string) => Omit<Call, 'session'>;
}

const rows: readonly Row[] = [
  { given: 'a good call', expect: 'allow', step: 'permit', call: () => read },
  {
    given: 'a paused session',
    expect: 'deny session-not-active',
    step: 'session',
    call: (stage, session) => {
      stage.transition(session, 'pause', cast.ann);
      return read;
    },
  },
  {
    given: 'an agent that was suspended',
    expect: 'deny agent-disabled',
    step: 'session',
    call: (stage) => {
      stage.controlAgent('bot', 'suspend');
      return read;
    },
  },
  {
    given: 'a kill and an unknown tool',
    expect: 'deny killed',
    step: 'kill',
    call: (stage) => {
      stage.kill({ kind: 'org', org: 'acme' });
      return { tool: 'unheard-of' };
    },
  },
  {
    given: 'an unknown tool',
    expect: 'deny tool-unknown',
    step: 'tool',
    call: () => ({ tool: 'x' }),
  },
  {
    given: 'a tool in another case',
    expect: 'deny tool-unknown',
    step: 'tool',
    call: () => ({ ...read, tool: 'Read', definition: tools.read.definition }),
  },
  {
    given: 'a look-alike tool',
    expect: 'deny tool-unknown',
    step: 'tool',
    call: () => ({ ...read, tool: 'r\u0435ad', definition: tools.read.definition }),
  },
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((tool) => ({
    given: `the tool ${tool}`,
    expect: 'deny tool-unknown',
    step: 'tool',
    call: () => ({ tool }),
  })),
  {
    given: 'another definition',
    expect: 'deny tool-changed',
    step: 'tool',
    call: () => ({ ...read, definition: 'another' }),
  },
  {
    given: 'arguments without a schema’s verdict',
    expect: 'deny arguments-invalid',
    step: 'tool',
    call: () => ({ tool: 'strict' }),
  },
  {
    given: 'no resource',
    expect: 'deny resource-invalid',
    step: 'tool',
    call: () => ({ tool: 'read', args: {} }),
  },
  {
    given: 'an action that the policy does not declare',
    expect: 'deny action-unknown',
    step: 'policy',
    call: () => ({ tool: 'stray' }),
  },
  {
    given: 'a blocked action',
    expect: 'deny policy-denied',
    step: 'policy',
    call: () => ({ tool: 'wipe' }),
  },
  {
    given: 'a rule that cannot be evaluated',
    expect: 'deny policy-error',
    step: 'policy',
    call: () => ({ tool: 'fetch', args: {} }),
  },
  { given: 'a steered action', expect: 'steer', step: 'policy', call: () => ({ tool: 'mail' }) },
  {
    given: 'a call that a human decides',
    expect: 'require-approval',
    step: 'approval',
    call: () => ({ tool: 'restart', args: { host: 'h' } }),
  },
  {
    given: 'a cost that cannot be read',
    expect: 'deny amount-out-of-range',
    step: 'budget',
    call: () => ({ tool: 'pay', args: { to: 'x', amount: 0.5 } }),
  },
  {
    given: 'a negative cost',
    expect: 'deny amount-out-of-range',
    step: 'budget',
    call: () => ({ tool: 'pay', args: { to: 'x', amount: -1 } }),
  },
  {
    given: 'more than the budget',
    expect: 'deny budget-exceeded',
    step: 'budget',
    call: () => ({ ...read, estimate: { usd: 100_000_001 } }),
  },
];

test.each(rows)('$given: $expect', ({ call, expect: word, step }) => {
  const stage = Stage.ready();
  const session = stage.open();
  expect(stage.authorize({ session, ...call(stage, session) })).toBe(word);
  const decision = stage.get('decision', stage.commands.at(-1)?.id ?? '');
  expect(decision).toMatchObject({ step, permit: word === 'allow' ? 'issued' : 'none' });
  expect(decision?.message).not.toBe('');
  stage.assertFoldsToItself();
});

test('without a policy nothing is allowed', () => {
  const stage = new Stage();
  stage.do({ kind: 'register-agent', by: cast.ada, agent: agents.bot });
  stage.do({ kind: 'register-tool', by: cast.ada, tool: tools.read, replace: false });
  expect(stage.authorize({ session: stage.open(), ...read })).toBe('deny policy-missing');
});

test('an agent may ask only for the actions it is registered for', () => {
  const stage = Stage.ready();
  const session = stage.open({ agent: 'clerk' });
  expect(stage.authorize({ session, ...read })).toBe('allow');
  expect(stage.authorize({ session, tool: 'mail' })).toBe('deny agent-not-capable');
  // And is told no more: not what is wrong with arguments that it may not give.
  expect(stage.authorize({ session, tool: 'restart' })).toBe('deny agent-not-capable');
});

const fact = { definition: tools.strict.definition, valid: true, problem: '' };

test.each<[string, SchemaFact | undefined, string]>([
  ['valid', fact, 'allow'],
  ['invalid', { ...fact, valid: false, problem: 'name is missing' }, 'deny arguments-invalid'],
  ['about another definition', { ...fact, definition: 'old' }, 'deny arguments-invalid'],
  ['missing', undefined, 'deny arguments-invalid'],
])('a verdict on the arguments that is %s', (_, schema, word) => {
  const stage = Stage.ready();
  const session = stage.open();
  const command = {
    kind: 'authorize',
    by: cast.ann,
    session,
    tool: 'strict',
    arguments: {},
    estimate: {},
    definition: tools.strict.definition,
    argumentsDigest: digestOf({}),
    start: false,
    ...(schema === undefined ? {} : { schema }),
  } as const;
  expect(stage.do(command)).toBe(word);
});

test('an agent that comes back with a steered action too often is denied', () => {
  const document = policyDocument(1, {
    tiers: { unrestricted: ['file.read'] },
    rules: [
      {
        id: 'r',
        effect: 'steer',
        match: { action: 'mail.send' },
        steer: { guidance: 'write a note', suggest: ['file.read'], retriesAtMost: 2 },
      },
    ],
  });
  const stage = Stage.ready(document);
  const session = stage.open();
  const ask = (): string => stage.authorize({ session, tool: 'mail' });
  expect([ask(), ask(), ask(), ask(), ask()]).toEqual([
    'steer',
    'steer',
    'steer',
    'deny steer-retries-exhausted',
    'deny steer-retries-exhausted',
  ]);
  expect(stage.all('decision').at(0)).toMatchObject({
    guidance: 'write a note',
    suggestions: ['file.read'],
  });
  expect(stage.authorize({ session: stage.open(), tool: 'mail' })).toBe('steer');
});

test('every refusal is in the log, except the control plane’s own', () => {
  const stage = Stage.ready();
  const size = stage.log.length;
  stage.start('none');
  expect(stage.log.at(-1)?.event).toMatchObject({
    type: 'command-rejected',
    data: { command: 'start-permit', subject: 'none', rejection: { code: 'permit-unknown' } },
  });
  stage.do({ kind: 'expire-permit', by: cast.system, permit: 'none' });
  expect(stage.log.length).toBe(size + 1);
});
