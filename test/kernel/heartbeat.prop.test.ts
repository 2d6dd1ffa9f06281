/** The dead man's switch on random sequences, against the one sentence that it is. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertHolds } from './sampling.ts';
import { cast, policyDocument, Stage } from './stage.ts';

const ms = 60_000;
const step = fc.oneof(
  fc.record({
    kind: fc.constant('tick' as const),
    by: fc.constantFrom(1, 9_000, 20_000, 59_999, 60_000),
  }),
  fc.record({
    kind: fc.constant('beat' as const),
    by: fc.constantFrom('olga', 'ada', 'ann', 'otherAda'),
  }),
  fc.record({ kind: fc.constant('call' as const) }),
  fc.record({ kind: fc.constant('lapse' as const) }),
  fc.record({ kind: fc.constant('release' as const) }),
);

test('a call is allowed only within the time of an operator’s sign, and not while the org is killed', () => {
  assertHolds(fc.array(step, { maxLength: 40 }), 300, (steps) => {
    const stage = Stage.ready(policyDocument(1, { operatorHeartbeatMs: ms }));
    const session = stage.open();
    let [heard, recorded, isKilled] = [stage.now, Number.NaN, false];
    const [words, expected]: [string[], string[]] = [[], []];
    const met = (word: string, wanted: string): void => {
      words.push(word);
      expected.push(wanted);
    };
    for (const each of steps) {
      switch (each.kind) {
        case 'tick':
          stage.now += each.by;
          break;
        case 'beat': {
          const by = cast[each.by];
          const word = stage.do({ kind: 'heartbeat', by, org: 'acme' });
          // Ada is of the platform, and may speak for every org; the other one only for hers.
          met(word, ['olga', 'ada'].includes(each.by) ? 'done' : 'permission-denied');
          // A sign soon after the last writes nothing: the last one's time counts.
          const isSoon = !Number.isNaN(recorded) && stage.now - recorded < ms / 4;
          if (word === 'done' && !isSoon) recorded = heard = stage.now;
          break;
        }
        case 'lapse': {
          const word = stage.do({ kind: 'lapse-heartbeat', by: cast.system, org: 'acme' });
          const isDue = !Number.isNaN(recorded) && stage.now >= heard + ms;
          met(word, isDue ? 'done' : 'not-due');
          if (isDue) [isKilled, recorded] = [true, Number.NaN];
          break;
        }
        case 'release':
          stage.release({ kind: 'org', org: 'acme' });
          isKilled = false;
          break;
        case 'call': {
          const word = stage.authorize({ session, tool: 'read', args: { name: 'a' } });
          const isAbsent = stage.now >= heard + ms;
          met(word, isKilled ? 'deny killed' : isAbsent ? 'deny operator-absent' : 'allow');
          break;
        }
      }
    }
    expect(words).toEqual(expected);
    stage.assertFoldsToItself();
  });
});
