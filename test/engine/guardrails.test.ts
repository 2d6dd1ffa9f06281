/** Guardrails end to end: evaluators run before the decision, and what they found is in the log. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import {
  ActionRefused,
  ControlPlaneError,
  defineEvaluator,
  type Evaluator,
  guard,
  memory,
  openControlPlane,
} from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';

const mailTool = { name: 'send-mail', action: 'mail.send' };

function policyWith(...tool: readonly object[]): object {
  return {
    format: 1,
    version: 1,
    actions: { 'mail.send': {} },
    tiers: { unrestricted: ['mail.send'] },
    guardrails: { tool },
  };
}

/** Refuses what its config forbids, and remembers each call. */
function forbidding(seen: unknown[]): Evaluator {
  return defineEvaluator<{ readonly word: string }>({
    name: 'forbidden-word',
    description: 'refuses texts with a word in them',
    configSchema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
    evaluate: async ({ text, content: given }, { config }) => {
      seen.push(given);
      await Promise.resolve();
      if (!text.includes(config.word)) return { outcome: 'pass' };
      return { outcome: 'refuse', reason: `the text has the word \`${config.word}\`` };
    },
  });
}

const quiet = { id: 'quiet', evaluator: 'forbidden-word', config: { word: 'loud' } };

async function stage(policy: object, evaluators: readonly Evaluator[]) {
  const storage = memory();
  const plane = await openControlPlane({
    storage,
    policy,
    agents: ['bot'],
    tools: [mailTool],
    evaluators,
  });
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const send = guard(session, {
    ...mailTool,
    execute: ({ text }: { readonly text: string }) => `sent ${text}`,
  });
  const tried = async (text: string): Promise<unknown> =>
    send({ text }).catch((refusal: unknown) =>
      ActionRefused.is(refusal) ? refusal.decision.determinedBy : refusal,
    );
  return { plane, tried };
}

test('an evaluator refuses before the tool runs, and the fact is in the log', async () => {
  const seen: unknown[] = [];
  const { plane, tried } = await stage(policyWith(quiet), [forbidding(seen)]);
  expect(await tried('hello')).toBe('sent hello');
  expect(await tried('LOUD and loud')).toEqual(['guardrail:quiet']);
  expect(seen).toEqual([{ text: 'hello' }, { text: 'LOUD and loud' }]);
  const facts: unknown[] = [];
  for await (const { data } of plane.events({ types: ['action-decided'] })) {
    facts.push('facts' in data ? data.facts : undefined);
  }
  expect(facts).toMatchObject([
    [{ guardrail: 'quiet', evaluator: 'forbidden-word', outcome: 'pass' }],
    [{ outcome: 'refuse', reason: 'the text has the word `loud`' }],
  ]);
  await plane.close();
});

test('an evaluator that throws denies', async () => {
  const broken = defineEvaluator({
    name: 'broken',
    description: 'always throws',
    evaluate: () => {
      throw new Error('out of order');
    },
  });
  const { plane, tried } = await stage(policyWith({ id: 'b', evaluator: 'broken' }), [broken]);
  expect(await tried('hello')).toEqual(['guardrail:b']);
  await plane.close();
});

test('built-in evaluators need no registration', async () => {
  const { plane, tried } = await stage(policyWith({ id: 'keys', evaluator: 'secrets' }), []);
  expect(await tried('hello')).toBe('sent hello');
  const key = ['-----BEGIN RSA', 'PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END'].join(' ');
  expect(await tried(`${key} RSA PRIVATE KEY-----`)).toEqual(['guardrail:keys']);
  await plane.close();
});

test.each<[string, object]>([
  ['an evaluator that nobody registered', { id: 'x', evaluator: 'unheard-of' }],
  ['a config that does not fit', { ...quiet, config: { word: 7 } }],
])('a policy with %s is refused', async (_, guardrail) => {
  const opened = stage(policyWith(guardrail), [forbidding([])]);
  await expect(opened).rejects.toSatisfy(
    (failure) => ControlPlaneError.is(failure) && failure.code === 'policy-invalid',
  );
});

test('a policy that could not be run is refused in the log, and the active one stays', async () => {
  const { plane, tried } = await stage(policyWith(quiet), [forbidding([])]);
  const other = { ...policyWith({ id: 'x', evaluator: 'unheard-of' }), version: 2 };
  await expect(plane.activatePolicy(other)).rejects.toMatchObject({ code: 'policy-invalid' });
  const rejections: unknown[] = [];
  for await (const { data } of plane.events({ types: ['command-rejected'] })) rejections.push(data);
  expect(rejections).toMatchObject([
    { command: 'activate-policy', rejection: { code: 'policy-invalid' } },
  ]);
  expect(await tried('hello')).toBe('sent hello');
  await plane.close();
});

test('a process without the evaluator that the active policy names denies', async () => {
  const fleet = memoryFleet();
  const options = { policy: policyWith(quiet), agents: ['bot'], tools: [mailTool] };
  const first = await openControlPlane({
    storage: fleet(),
    ...options,
    evaluators: [forbidding([])],
  });
  await first.close();
  const second = await openControlPlane({ storage: fleet() });
  const principal = second.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await second.openSession({ principal, agent: 'bot' });
  const send = guard(session, { ...mailTool, execute: () => 'sent' });
  await expect(send({})).rejects.toSatisfy(
    (refusal) => ActionRefused.is(refusal) && refusal.code === 'policy-error',
  );
  await second.close();
});

test('a guardrail that never answers refuses in time, also where nothing else keeps the process alive', async () => {
  const script = join(import.meta.dirname, 'silent-evaluator-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  expect(stdout).toBe('`guardrail:g`: did not answer within 50 ms');
});
