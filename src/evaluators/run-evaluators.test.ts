/** What guardrails find: one fact for each, whatever evaluators do, and no waiting for those who hang. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EvaluatorFact } from '../kernel/index.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { defineEvaluator, type Evaluator, type EvaluatorSubject } from './evaluator.ts';
import { EvaluatorRegistry } from './registry.ts';
import { type Asked, runEvaluators } from './run-evaluators.ts';

const subject: EvaluatorSubject = {
  stage: 'tool',
  content: { to: 'a' },
  text: '{"to":"a"}',
  tool: 'send',
  action: 'mail.send',
  resource: 'send',
  agent: 'agent-1',
  principal: 'alice',
  org: 'acme',
  session: 's-1',
};

type Evaluate = (subject: EvaluatorSubject, context: { readonly signal: AbortSignal }) => unknown;

/** An evaluator that may answer anything, as one written without types may. */
function evaluator(name: string, evaluate: Evaluate): Evaluator {
  return defineEvaluator({ name, description: 'for tests', evaluate: evaluate as () => never });
}

interface Setting {
  readonly clock?: FakeClock;
  readonly parallelMax?: number;
  readonly signal?: AbortSignal;
}

function run(
  evaluators: readonly Evaluator[],
  asked: readonly Asked[],
  { clock = new FakeClock(), ...setting }: Setting = {},
): Promise<readonly EvaluatorFact[]> {
  const registry = EvaluatorRegistry.of(evaluators, { builtIn: false });
  return runEvaluators({ asked, registry, subject, clock, ...setting });
}

/** A guardrail for each evaluator, with the name of the evaluator as its id. */
function guardrailsOf(evaluators: readonly Evaluator[], more: Partial<Asked> = {}): Asked[] {
  return evaluators.map(({ name }) => ({ ...askedOf(name, name), ...more }));
}

function askedOf(id: string, evaluatorName: string): Asked {
  return { id, kind: 'guardrail', evaluator: evaluatorName, effect: 'deny' };
}

function outcomes(facts: readonly EvaluatorFact[]): string[] {
  return facts.map(({ guardrail, outcome }) => `${guardrail}:${outcome}`);
}

/** Lets everything that is ready run, without a timer of the machine. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

const pass = evaluator('pass', () => ({ outcome: 'pass' }));
const refuse = evaluator('refuse', () => ({ outcome: 'refuse', reason: 'no' }));
const hang = evaluator('hang', () => new Promise(() => {}));

test('facts are in the order of the guardrails, whoever answers first', async () => {
  const clock = new FakeClock();
  const slow = evaluator('slow', () => clock.sleep(20).then(() => ({ outcome: 'pass' })));
  const facts = run([pass, slow], guardrailsOf([slow, pass]), { clock });
  await settle();
  clock.advance(20);
  expect(await facts).toEqual([
    { guardrail: 'slow', evaluator: 'slow', outcome: 'pass', reason: '', durationMs: 20 },
    { guardrail: 'pass', evaluator: 'pass', outcome: 'pass', reason: '', durationMs: 0 },
  ]);
});

test('no guardrails, no facts', async () => {
  expect(await run([pass], [])).toEqual([]);
});

test('one evaluator may serve several guardrails', async () => {
  const twice = ['g-1', 'g-2'].map((id) => askedOf(id, 'pass'));
  expect(outcomes(await run([pass], twice))).toEqual(['g-1:pass', 'g-2:pass']);
});

const secret = 'hunter2';
const garbage: readonly (readonly [what: string, answer: () => unknown, reason: string])[] = [
  ['a truthy text', () => 'pass', 'the evaluator answered with no verdict (string)'],
  ['true', () => true, 'the evaluator answered with no verdict (boolean)'],
  ['nothing', () => undefined, 'the evaluator answered with no verdict (undefined)'],
  ['null', () => null, 'the evaluator answered with no verdict (null)'],
  ['an unknown outcome', () => ({ outcome: 'allow' }), 'no verdict (object)'],
  ['more members', () => ({ outcome: 'pass', reason: '' }), 'no verdict (object)'],
  ['a member too many', () => ({ outcome: 'refuse', reason: 'a', x: 1 }), 'no verdict (object)'],
  ['a symbol too many', () => ({ outcome: 'pass', [Symbol('x')]: 1 }), 'no verdict (object)'],
  ['no reason', () => ({ outcome: 'refuse' }), 'no verdict (object)'],
  ['a reason of another kind', () => ({ outcome: 'refuse', reason: [] }), 'no verdict (object)'],
  ['a list', () => [{ outcome: 'pass' }], 'no verdict (object)'],
  ['a promise of a text', () => Promise.resolve('pass'), 'no verdict (string)'],
  [
    'an inherited outcome',
    () => Object.create({ outcome: 'pass' }) as unknown,
    'no verdict (object)',
  ],
  ['a getter', () => Object.defineProperty({}, 'outcome', { get: () => 'pass' }), 'no verdict'],
  ['a proxy that throws', () => new Proxy({}, { ownKeys: () => fail() }), 'no verdict (object)'],
  ['a revoked proxy', () => revoked(), 'the evaluator’s promise was rejected'],
  ['a rejection', () => Promise.reject(new Error(secret)), 'the evaluator’s promise was rejected'],
  ['a throw', () => fail(), 'the evaluator threw'],
];

function fail(): never {
  throw new Error(secret);
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test.each(garbage)(
  '%s is an error that says so, and nothing of the call',
  async (_, answer, reason) => {
    const odd = evaluator('odd', answer);
    const [fact] = await run([odd], guardrailsOf([odd]));
    expect(fact?.outcome).toBe('error');
    expect(fact?.reason).toContain(reason);
    expect(fact?.reason).not.toContain(secret);
  },
);

test('an evaluator that is not registered is an error', async () => {
  const [fact] = await run([pass], [askedOf('g', 'absent')]);
  expect(fact?.outcome).toBe('error');
  expect(fact?.reason).toBe('evaluator `absent` is not registered; known are pass');
});

test('a config that the evaluator does not take is an error', async () => {
  const [fact] = await run([pass], guardrailsOf([pass], { config: {} }));
  expect(fact).toMatchObject({ outcome: 'error', reason: 'evaluator `pass` takes no config' });
});

test('who does not answer in time has failed, is told so, and is not heard later', async () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  const late = evaluator('late', (_, { signal }) => {
    signal.addEventListener('abort', () => fired.push('late'));
    return clock.sleep(6_000).then(() => ({ outcome: 'pass' }));
  });
  const facts = run([late, pass], guardrailsOf([late, pass]), { clock });
  await settle();
  clock.advance(4_999);
  await settle();
  expect(fired).toEqual([]);
  clock.advance(1);
  expect(await facts).toMatchObject([
    { outcome: 'error', reason: 'did not answer within 5000 ms', durationMs: 5_000 },
    { outcome: 'pass' },
  ]);
  expect(fired).toEqual(['late']);
  clock.advance(1_000);
  await settle();
  expect(outcomes(await facts)).toEqual(['late:error', 'pass:pass']);
});

test('a refusal that comes too late stops nobody', async () => {
  const clock = new FakeClock();
  const after = (ms: number, verdict: object) => () => clock.sleep(ms).then(() => verdict);
  const late = evaluator('late', after(20, { outcome: 'refuse', reason: 'no' }));
  const slow = evaluator('slow', after(30, { outcome: 'pass' }));
  const asked = [{ ...askedOf('late', 'late'), timeoutMs: 10 }, askedOf('slow', 'slow')];
  const facts = run([late, slow], asked, { clock });
  for (let step = 0; step < 3; step += 1) {
    await settle();
    clock.advance(10);
  }
  expect(outcomes(await facts)).toEqual(['late:error', 'slow:pass']);
});

test('a guardrail’s own timeout counts', async () => {
  const clock = new FakeClock();
  const facts = run([hang], guardrailsOf([hang], { timeoutMs: 7 }), { clock });
  await settle();
  clock.advance(7);
  expect(await facts).toMatchObject([{ reason: 'did not answer within 7 ms', durationMs: 7 }]);
  expect(clock.waiting).toBe(0);
});

test('no timer is left when all have answered', async () => {
  const clock = new FakeClock();
  await run([pass, refuse, hang], guardrailsOf([hang, pass, refuse]), { clock });
  expect(clock.waiting).toBe(0);
});

test('a refusal stops those that run, and those that have not begun', async () => {
  const begun: string[] = [];
  const fired: string[] = [];
  const deaf = evaluator('deaf', (_, { signal }) => {
    begun.push('deaf');
    signal.addEventListener('abort', () => fired.push('deaf'));
    return new Promise(() => {});
  });
  const later = evaluator('later', () => {
    begun.push('later');
    return { outcome: 'pass' };
  });
  const all = [pass, deaf, refuse, later];
  const facts = await run(all, guardrailsOf(all), { parallelMax: 2 });
  expect(outcomes(facts)).toEqual(['pass:pass', 'deaf:skipped', 'refuse:refuse', 'later:skipped']);
  expect(facts[1]?.reason).toBe('stopped when guardrail `refuse` refused');
  expect(begun).toEqual(['deaf']);
  expect(fired).toEqual(['deaf']);
});

test('a refusal that asks for approval or informs, and an error, stop nobody', async () => {
  const clock = new FakeClock();
  const slow = evaluator('slow', () => clock.sleep(20).then(() => ({ outcome: 'pass' })));
  const broken = evaluator('broken', () => 1);
  const guardrails: Asked[] = [
    ...guardrailsOf([slow, broken]),
    { ...askedOf('ask', 'refuse'), effect: 'require-approval' },
  ];
  const informing: Asked = { ...askedOf('inform', 'refuse'), effect: 'inform' };
  const facts = run([slow, broken, refuse], [...guardrails, informing], { clock });
  await settle();
  clock.advance(20);
  expect(outcomes(await facts)).toEqual([
    'slow:pass',
    'broken:error',
    'ask:refuse',
    'inform:refuse',
  ]);
});

test('no more run at the same time than may', async () => {
  let running = 0;
  let most = 0;
  const clock = new FakeClock();
  const busy = evaluator('busy', async () => {
    running += 1;
    most = Math.max(most, running);
    await clock.sleep(10);
    running -= 1;
    return { outcome: 'pass' };
  });
  const guardrails = Array.from({ length: 9 }, (_, id) => askedOf(`g-${id}`, 'busy'));
  const facts = run([busy], guardrails, { clock, parallelMax: 3 });
  for (let turn = 0; turn < 3; turn += 1) {
    await settle();
    clock.advance(10);
  }
  expect((await facts).every(({ outcome }) => outcome === 'pass')).toBe(true);
  expect(most).toBe(3);
});

test.each([0, -1, 1.5, Number.NaN])(
  '%d evaluators at the same time are refused',
  async (parallelMax) => {
    await expect(run([pass], guardrailsOf([pass]), { parallelMax })).rejects.toThrow(
      '`parallelMax`',
    );
  },
);

test('a call that is given up leaves errors, never a pass', async () => {
  const controller = new AbortController();
  const facts = run([pass, hang], guardrailsOf([pass, hang]), { signal: controller.signal });
  await settle();
  controller.abort();
  expect(outcomes(await facts)).toEqual(['pass:pass', 'hang:error']);
  const early = await run([pass], guardrailsOf([pass]), { signal: AbortSignal.abort() });
  expect(early).toMatchObject([
    { outcome: 'error', reason: 'the call was given up before it answered' },
  ]);
});

test('what an evaluator gets is frozen throughout', async () => {
  const vandal = evaluator('vandal', (seen) => {
    (seen.content as { to: string }).to = 'b';
    return { outcome: 'pass' };
  });
  const relabel = evaluator('relabel', (seen) => {
    (seen as { action: string }).action = 'b';
    return { outcome: 'pass' };
  });
  const all = [vandal, relabel];
  expect(outcomes(await run(all, guardrailsOf(all)))).toEqual(['vandal:error', 'relabel:error']);
  expect(subject).toMatchObject({ content: { to: 'a' }, action: 'mail.send' });
});

test('reasons are printable, on one line and short', async () => {
  const reason = `a\nb\u001B[31m\u202Ec\u2028d\u2029e\uD800${'x'.repeat(2_000)}`;
  const loud = evaluator('loud', () => ({ outcome: 'refuse', reason }));
  const [fact] = await run([loud], guardrailsOf([loud]));
  expect(fact?.outcome).toBe('refuse');
  expect(fact?.reason).toMatch(/^a\uFFFDb\uFFFD\[31m\uFFFDc\uFFFDd\uFFFDe\uFFFDx+…$/);
  expect(fact?.reason).toHaveLength(512);
  const mute = evaluator('mute', () => ({ outcome: 'refuse', reason: '' }));
  expect(await run([mute], guardrailsOf([mute]))).toMatchObject([
    { outcome: 'refuse', reason: 'refused without a reason' },
  ]);
});

test('a wall clock that goes back gives no negative durations', async () => {
  const clock = new FakeClock();
  const back = evaluator('back', () => {
    clock.step(-3_600_000);
    return { outcome: 'pass' };
  });
  expect(await run([back], guardrailsOf([back]), { clock })).toMatchObject([{ durationMs: 0 }]);
});

/** What an evaluator may do, and whether that is an answer of `pass`, if it comes in time. */
const behaviours: readonly (readonly [passes: boolean, act: (clock: FakeClock) => unknown])[] = [
  [true, () => ({ outcome: 'pass' })],
  [true, (clock) => clock.sleep(50).then(() => ({ outcome: 'pass' }))],
  [false, (clock) => clock.sleep(150).then(() => ({ outcome: 'pass' }))],
  [false, () => ({ outcome: 'refuse', reason: 'no' })],
  [false, (clock) => clock.sleep(30).then(() => ({ outcome: 'refuse', reason: 'later' }))],
  [false, () => new Promise(() => {})],
  [false, (clock) => clock.sleep(10).then(() => Promise.reject(new Error('late')))],
  ...garbage.map(([, answer]) => [false, answer] as const),
];

test('whatever evaluators do: a fact for each guardrail, and no pass that was not said', async () => {
  const each = fc.record({
    behaviour: fc.nat({ max: behaviours.length - 1 }),
    effect: fc.constantFrom('deny' as const, 'require-approval' as const),
  });
  const runs = fc.asyncProperty(
    fc.array(each, { maxLength: 12 }),
    fc.integer({ min: 1, max: 5 }),
    async (plan, parallelMax) => {
      const clock = new FakeClock();
      const evaluators = behaviours.map(([, act], at) => evaluator(`e-${at}`, () => act(clock)));
      const guardrails = plan.map(({ behaviour, effect }, at) => ({
        ...askedOf(`g-${at}`, `e-${behaviour}`),
        effect,
        timeoutMs: 100,
      }));
      const pending = run(evaluators, guardrails, { clock, parallelMax });
      let isDone = false;
      const done = pending.finally(() => (isDone = true));
      // Each guardrail takes its timeout at most, one after the other in the worst case.
      for (let turn = 0; turn <= plan.length * 10; turn += 1) {
        await settle();
        clock.advance(10);
      }
      await settle();
      expect(isDone, 'nobody holds up the answer').toBe(true);
      const found = await done;
      expect(found.map(({ guardrail }) => guardrail)).toEqual(guardrails.map(({ id }) => id));
      const refusals = found.filter(
        ({ outcome }, at) => outcome === 'refuse' && plan[at]?.effect === 'deny',
      );
      const wrong = found.filter(({ outcome }, at) => {
        const [passes] = behaviours[plan[at]?.behaviour ?? 0] ?? [];
        if (outcome === 'skipped') return refusals.length === 0;
        return (outcome === 'pass') !== passes;
      });
      expect(wrong).toEqual([]);
    },
  );
  await fc.assert(runs, { numRuns: 150 });
});
