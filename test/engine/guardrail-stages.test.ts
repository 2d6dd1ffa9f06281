/** Guardrails on what comes in and goes out, and classifiers: end to end, in the log, and fail-closed. */
import { expect, test } from 'vitest';
import {
  ActionRefused,
  type ControlPlane,
  type LogEvent,
  defineAssetClassifier,
  defineEvaluator,
  defineRiskClassifier,
  type Evaluator,
  guard,
  memory,
  openControlPlane,
  verify,
} from '../../src/index.ts';
import { openOneTool } from './one-tool.ts';

const word = defineEvaluator({
  name: 'word',
  description: 'refuses texts with the word secret in them',
  evaluate: ({ text }) =>
    text.includes('secret') ? { outcome: 'refuse', reason: 'a secret' } : { outcome: 'pass' },
});

const payees = defineRiskClassifier({
  name: 'payees',
  description: 'new payees are risky',
  classify: ({ content }) => {
    const { to } = content as { readonly to: string };
    if (to === 'broken') throw new Error('out of order');
    return { level: to === 'new' ? 'critical' : 'low', reason: `payee ${to}` };
  },
});

const inventory = defineAssetClassifier({
  name: 'inventory',
  description: 'what files are',
  classify: ({ resource }) => ({ classes: resource.startsWith('hr/') ? ['personal'] : [] }),
});

interface Stage {
  readonly policy?: object;
  readonly evaluators?: readonly Evaluator[];
  readonly execute?: (call: { readonly to?: string }) => unknown;
  readonly resource?: string;
}

async function stage({ policy, evaluators = [word], execute, resource }: Stage) {
  const tool = { name: 'send', action: 'mail.send', ...(resource ? { resource } : {}) };
  const { plane, session, storage } = await openOneTool({ tool, policy, evaluators });
  const send = guard(session, { ...tool, execute: execute ?? (() => 'sent') });
  const tried = async (call: { readonly to?: string } = {}): Promise<unknown> =>
    send(call).catch((refusal: unknown) =>
      ActionRefused.is(refusal) ? `${refusal.code}: ${refusal.message}` : refusal,
    );
  return { plane, session, tried, storage };
}

async function dataOf(plane: ControlPlane, type: LogEvent['type']): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { data } of plane.events({ types: [type] })) found.push(data);
  return found;
}

const input = { guardrails: { input: [{ id: 'in', evaluator: 'word' }] } };

test('with input guardrails nothing runs before something passed them', async () => {
  const { session, tried } = await stage({ policy: input });
  expect(await tried()).toMatch(/policy-denied.*has not been screened/);
  expect(await session.screenInput('hello')).toEqual({
    outcome: 'pass',
    message: '',
    determinedBy: [],
  });
  expect(await tried()).toBe('sent');
});

test('after a refused input nothing runs until another one passes', async () => {
  const { plane, session, tried } = await stage({ policy: input });
  await session.screenInput('hello');
  expect(await session.screenInput('the secret plan')).toEqual({
    outcome: 'refuse',
    message: 'a secret',
    determinedBy: ['guardrail:in'],
  });
  expect(await tried()).toMatch(/policy-denied.*a guardrail refused what came into the session/);
  await session.screenInput('sorry');
  expect(await tried()).toBe('sent');
  expect(await dataOf(plane, 'input-screened')).toMatchObject([
    { outcome: 'pass', facts: [{ guardrail: 'in', outcome: 'pass' }] },
    { outcome: 'refuse', determinedBy: ['guardrail:in'] },
    { outcome: 'pass' },
  ]);
});

test('other input guardrails ask again for what has passed the old ones', async () => {
  const { plane, session, tried } = await stage({ policy: input });
  await session.screenInput('hello');
  await plane.activatePolicy({
    format: 1,
    version: 2,
    actions: { 'mail.send': {} },
    tiers: { unrestricted: ['mail.send'] },
    guardrails: { input: [{ id: 'other', evaluator: 'word' }] },
  });
  expect(await tried()).toMatch(/has not been screened/);
});

test('an input that cannot be read does not pass', async () => {
  const { session } = await stage({ policy: input });
  const screening = await session.screenInput({ toJSON: () => 'hello', secret: () => {} });
  expect(screening).toMatchObject({ outcome: 'refuse', determinedBy: ['guardrail:in'] });
  expect(screening.message).toContain('cannot be read');
});

test('an input without guardrails passes, and is in the log', async () => {
  const { plane, session, tried } = await stage({});
  expect(await session.screenInput('hello')).toMatchObject({ outcome: 'pass' });
  expect(await tried()).toBe('sent');
  expect(await dataOf(plane, 'input-screened')).toHaveLength(1);
});

const output = { guardrails: { output: [{ id: 'out', evaluator: 'word' }] } };

test('a result that output guardrails refuse is withheld, and the call is settled', async () => {
  const { plane, tried, storage } = await stage({ policy: output, execute: ({ to }) => ({ to }) });
  expect(await tried({ to: 'bob' })).toEqual({ to: 'bob' });
  const refused = await tried({ to: 'secret' });
  expect(refused).toBe(
    'output-withheld: `send` ran, and its result is withheld (output-withheld): a secret',
  );
  expect(await dataOf(plane, 'permit-settled')).toMatchObject([
    { outcome: 'succeeded', output: { outcome: 'pass' } },
    { outcome: 'succeeded', output: { outcome: 'refuse', determinedBy: ['guardrail:out'] } },
  ]);
  expect((await verify(storage)).holds).toBe(true);
});

test('what is passed on is the copy that was judged, whatever the tool does to its own', async () => {
  const own = { to: 'bob' };
  const { tried } = await stage({
    policy: output,
    execute: () => {
      setImmediate(() => (own.to = 'secret'));
      return own;
    },
  });
  const result = await tried();
  expect(result).toEqual({ to: 'bob' });
  expect(Object.isFrozen(result)).toBe(true);
});

test('the text of an error is judged as a result is', async () => {
  const { tried } = await stage({
    policy: output,
    execute: ({ to }) => {
      throw new Error(`no such user: ${to}`);
    },
  });
  expect(await tried({ to: 'bob' })).toEqual(new Error('no such user: bob'));
  expect(await tried({ to: 'secret' })).toMatch(/^output-withheld/);
});

test('a result that cannot be read is withheld', async () => {
  const { tried } = await stage({ policy: output, execute: () => new Map([['a', 1]]) });
  expect(await tried()).toMatch(/^output-withheld.*cannot be read/);
});

test('in shadow mode refused inputs and outputs are recorded, and pass', async () => {
  const policy = {
    mode: 'shadow',
    guardrails: { ...input.guardrails, ...output.guardrails },
  };
  const { plane, session, tried } = await stage({ policy, execute: () => 'a secret' });
  expect(await session.screenInput('secret')).toMatchObject({ outcome: 'pass' });
  expect(await tried()).toBe('a secret');
  expect(await dataOf(plane, 'input-screened')).toMatchObject([
    { outcome: 'refuse', effective: 'pass' },
  ]);
  expect(await dataOf(plane, 'permit-settled')).toMatchObject([
    { output: { outcome: 'refuse', effective: 'pass' } },
  ]);
  expect(await dataOf(plane, 'action-decided')).toMatchObject([
    { outcome: 'allow', shadow: { effect: 'deny', determinedBy: ['input'] } },
  ]);
});

test('conditions read what a guardrail says that only informs', async () => {
  const policy = {
    guardrails: { tool: [{ id: 'w', evaluator: 'word', effect: 'inform' }] },
    rules: [
      { id: 'ask', effect: 'deny', when: { path: 'guardrails.w', equals: 'refuse' }, reason: 'no' },
    ],
  };
  const { tried } = await stage({ policy });
  expect(await tried({ to: 'bob' })).toBe('sent');
  expect(await tried({ to: 'secret' })).toMatch(/^policy-denied.*no$/);
});

test('a risk classifier raises the risk of the very call', async () => {
  const policy = {
    risk: { classifiers: [{ id: 'p', classifier: 'payees' }], effects: { critical: 'deny' } },
  };
  const { plane, tried } = await stage({ policy, evaluators: [payees] });
  expect(await tried({ to: 'old' })).toBe('sent');
  expect(await tried({ to: 'new' })).toMatch(/^policy-denied.*payee new/);
  expect(await tried({ to: 'broken' })).toMatch(/^policy-error.*threw/);
  expect(await dataOf(plane, 'risk-escalated')).toMatchObject([
    { from: 'low', to: 'critical', escalations: [{ cause: 'risk-classifier:p' }] },
  ]);
});

test('an asset classifier says what the resource is, to risk and to rules', async () => {
  const policy = {
    assets: { classifiers: [{ id: 'i', classifier: 'inventory' }], risk: { personal: 'high' } },
    risk: { effects: { critical: 'deny' } },
    rules: [
      { id: 'hr', effect: 'deny', when: { cel: '"personal" in assetClasses && risk == "high"' } },
    ],
  };
  const { tried } = await stage({ policy, evaluators: [inventory], resource: '{to}/x' });
  expect(await tried({ to: 'public' })).toBe('sent');
  expect(await tried({ to: 'hr' })).toMatch(/^policy-denied/);
});

test('expressions count what the session was allowed, by action', async () => {
  const policy = {
    rules: [{ id: 'twice', effect: 'deny', when: { cel: 'countAllowed("mail.*") >= 2' } }],
  };
  const { tried } = await stage({ policy });
  expect([await tried(), await tried()]).toEqual(['sent', 'sent']);
  expect(await tried()).toMatch(/^policy-denied/);
});

test('a rule without effect is refused where a policy is activated in code too', async () => {
  const rule = { id: 'r', effect: 'deny', match: { action: 'mail.send' } };
  const policy = { rules: [rule, { ...rule, id: 's', effect: 'allow' }] };
  await expect(stage({ policy })).rejects.toMatchObject({
    code: 'policy-invalid',
    message: expect.stringContaining('shadowed-by-deny') as string,
  });
});

test('a condition that no call could meet is refused where the tools are known', async () => {
  const tool = {
    name: 'send',
    action: 'mail.send',
    inputSchema: {
      type: 'object',
      properties: { to: { type: 'string' } },
      additionalProperties: false,
    },
  };
  const open = (when: string) =>
    openControlPlane({
      storage: memory(),
      tools: [tool],
      policy: {
        format: 1,
        version: 1,
        actions: { 'mail.send': {} },
        rules: [
          { id: 'r', effect: 'deny', when },
          { id: 'all', effect: 'allow' },
        ],
      },
    });
  await expect(open('arguments.too == "x"')).rejects.toMatchObject({
    code: 'policy-invalid',
    message: expect.stringContaining('argument-unknown') as string,
  });
  await expect(open('arguments.to > 5')).rejects.toMatchObject({
    message: expect.stringContaining('argument-type') as string,
  });
  await (await open('arguments.to == "x"')).close();
});
