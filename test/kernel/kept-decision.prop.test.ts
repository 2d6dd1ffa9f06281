/** What the tables keep of a decision, and its entry, are together the whole decision. */
import { expect, test } from 'vitest';
import { keptDecision, wholeDecision } from '../../src/kernel/index.ts';
import { play, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { Stage } from './stage.ts';

function decided() {
  const stage = Stage.ready();
  const session = stage.open();
  stage.authorize({ session, tool: 'read', args: { name: 'a' } });
  const entry = stage.log.at(-1);
  if (entry?.event.type !== 'action-decided') throw new Error('a call was decided');
  return { event: entry.event, at: entry.at };
}

test('a decision is read back whole from its entry and what is kept of it', () => {
  assertHolds(steps, 100, (sequence) => {
    const stage = Stage.ready();
    play(sequence, stage);
    const whole = stage.log.flatMap(({ event, at }) => {
      if (event.type !== 'action-decided') return [];
      const decision = stage.get('decision', event.data.decision);
      if (decision === undefined) return [];
      const kept: unknown = JSON.parse(JSON.stringify(keptDecision(decision)));
      return [wholeDecision(event.data, at, kept as ReturnType<typeof keptDecision>)];
    });
    expect(whole).toEqual(stage.all('decision'));
  });
});

test('each member that its entry does not say is kept', () => {
  // `Required`: a member that is new has to be thought of here.
  const every: Required<ReturnType<typeof keptDecision>> = {
    session: 's-2',
    ancestors: ['s-1'],
    lineage: { principals: ['pat'], agents: ['clerk'] },
    org: 'acme',
    principal: 'ann',
    agent: 'bot',
    mode: 'live',
    index: 7,
    permit: 'unknown',
    expiresAt: 2_000,
    posted: { usd: 5 },
    resolvedIndex: 9,
    late: 'awaited',
    output: { outcome: 'refuse', effective: 'pass', determinedBy: ['g'], message: '' },
  };
  const { event, at } = decided();
  expect(keptDecision(wholeDecision(event.data, at, every))).toEqual(every);
});

test('a permit that is resolved names the entry that resolved it', () => {
  assertHolds(steps, 60, (sequence) => {
    const stage = Stage.ready();
    const resolvedBy = new Map<string, number>();
    stage.watch = ({ event, index }) => {
      const isEnd =
        event.type === 'permit-settled' ||
        event.type === 'permit-voided' ||
        event.type === 'permit-expired';
      if (isEnd) resolvedBy.set(event.data.permit, index);
    };
    play(sequence, stage);
    for (const { id, resolvedIndex } of stage.all('decision'))
      expect(resolvedIndex).toBe(resolvedBy.get(id));
  });
});
