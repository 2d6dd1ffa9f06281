/** Risk over a session: points that leak, and sequences with other actions between their steps. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePolicy } from './compile.ts';
import type { PolicyDocument, RiskDocument } from './document.ts';
import { assessRisk, emptyHistory, type SessionHistory } from './session-risk.ts';

interface Act {
  readonly name: string;
  /** Milliseconds since the act before. */
  readonly afterMs: number;
}

const names = ['file.read', 'mail.send', 'web.get'];

function document(risk: RiskDocument): PolicyDocument {
  const actions = Object.fromEntries(names.map((name) => [name, {}]));
  return { format: 1, version: 1, actions, risk };
}

/** The levels of acts that were all allowed, one after the other. */
function levelsOf(risk: RiskDocument, acts: readonly Act[]): readonly string[] {
  const compiled = compilePolicy(document(risk)).risk;
  let history: SessionHistory = emptyHistory;
  let now = 0;
  return acts.map(({ name, afterMs }) => {
    now += afterMs;
    const { level, score, runs } = assessRisk(compiled, history, { name, base: 'low', now });
    history = { ...history, allowed: history.allowed + 1, score, runs };
    return level;
  });
}

const exfiltration: RiskDocument = {
  sequences: [
    {
      id: 'exfiltration',
      steps: ['file.read', 'web.get', 'mail.send'],
      withinMs: 50,
      withinActions: 5,
      raiseTo: 'critical',
    },
  ],
};

/**
 * The same by brute force: an act completes the sequence if some acts since the last completion, in
 * order and within both windows, are its steps.
 */
function naiveLevels(acts: readonly Act[]): readonly string[] {
  const times: number[] = [];
  for (const { afterMs } of acts) times.push((times.at(-1) ?? 0) + afterMs);
  let from = 0;
  return acts.map((_, last) => {
    const found = acts.some(
      (__, first) =>
        first >= from &&
        last - first < 5 &&
        (times[last] ?? 0) - (times[first] ?? 0) <= 50 &&
        acts[first]?.name === 'file.read' &&
        acts.slice(first + 1, last).some(({ name }) => name === 'web.get') &&
        acts[last]?.name === 'mail.send',
    );
    if (found) from = last + 1;
    return found ? 'critical' : 'low';
  });
}

const acts = fc.array(
  fc.record({ name: fc.constantFrom(...names), afterMs: fc.integer({ min: 0, max: 30 }) }),
  { maxLength: 30 },
);

test('a sequence fires once for each occurrence, with any actions between its steps', () => {
  fc.assert(
    fc.property(acts, (each) => {
      expect(levelsOf(exfiltration, each)).toEqual(naiveLevels(each));
    }),
    { numRuns: 500 },
  );
});

const [read, send, get] = names.map((name) => ({ name, afterMs: 1 })) as [Act, Act, Act];

test('a harmless action between the steps hides nothing', () => {
  expect(levelsOf(exfiltration, [read, read, get, send])).toEqual([
    'low',
    'low',
    'low',
    'critical',
  ]);
});

test('a completed sequence does not fire again on later harmless actions', () => {
  expect(levelsOf(exfiltration, [read, get, send, send, get]).slice(3)).toEqual(['low', 'low']);
});

test('one action is not two steps of the same run', () => {
  const twice: RiskDocument = {
    sequences: [{ id: 'twice', steps: ['file.*', 'file.*'], raiseTo: 'high' }],
  };
  expect(levelsOf(twice, [read, read, read])).toEqual(['low', 'high', 'low']);
});

test('the action that crosses a threshold counts as the level it reaches', () => {
  const levels = levelsOf({ thresholds: { medium: 3, high: 5 } }, [read, read, read, read, read]);
  expect(levels).toEqual(['low', 'low', 'medium', 'medium', 'high']);
});

test('points leak away with time and never below nothing', () => {
  const risk = { thresholds: { medium: 3 }, decayPerMinute: 1 };
  const later = { name: 'file.read', afterMs: 60_000 };
  expect(levelsOf(risk, [read, read, later, later])).toEqual(['low', 'low', 'low', 'low']);
  const muchLater = { name: 'file.read', afterMs: 3_600_000 };
  expect(levelsOf(risk, [read, read, muchLater, read])).toEqual(['low', 'low', 'low', 'low']);
  expect(levelsOf({ ...risk, decayPerMinute: 0 }, [read, read, later])[2]).toBe('medium');
});

test('a clock that goes backwards leaks nothing', () => {
  const compiled = compilePolicy(document({ decayPerMinute: 60 })).risk;
  const history = { ...emptyHistory, score: { milli: 5_000, at: 1_000_000 } };
  const { score } = assessRisk(compiled, history, { name: 'file.read', base: 'low', now: 0 });
  expect(score.milli).toBe(6_000);
});

test('a policy that changes the steps does not go on with the runs of the one before', () => {
  const before = compilePolicy(document(exfiltration)).risk;
  const { runs } = assessRisk(before, emptyHistory, { name: 'file.read', base: 'low', now: 0 });
  expect(Object.keys(runs)).toHaveLength(1);
  const changed: RiskDocument = {
    sequences: [{ id: 'exfiltration', steps: ['web.get', 'mail.send'], raiseTo: 'critical' }],
  };
  const after = compilePolicy(document(changed)).risk;
  const history = { ...emptyHistory, allowed: 1, runs };
  const assessed = assessRisk(after, history, { name: 'mail.send', base: 'low', now: 1 });
  expect(assessed).toMatchObject({ level: 'low', runs: {} });
});
