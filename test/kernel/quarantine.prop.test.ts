/** Quarantine on random sequences, against the one sentence that it is. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertHolds } from './sampling.ts';
import { cast, Stage, tools } from './stage.ts';

const definition = fc.constantFrom('first', 'second', 'third');
const step = fc.oneof(
  fc.record({ kind: fc.constant('register' as const), definition, replace: fc.boolean() }),
  fc.record({ kind: fc.constant('meet' as const), definition }),
  fc.record({ kind: fc.constant('approve' as const), definition }),
  fc.record({ kind: fc.constant('call' as const), definition }),
);

/** What was vouched for last, and what was met since and was other than that. */
class Naive {
  approved: string | undefined;
  waiting: string | undefined;

  register(given: string, replace: boolean): string {
    if (this.waiting !== undefined && !replace) return 'tool-quarantined';
    const isOther = this.approved !== undefined && this.approved !== given;
    if (isOther && this.waiting === undefined && !replace) return 'tool-changed';
    [this.approved, this.waiting] = [given, undefined];
    return 'done';
  }

  meet(given: string): string {
    if (this.waiting !== undefined || this.approved !== given) this.waiting = given;
    return 'done';
  }

  approve(given: string): string {
    if (this.approved === undefined && this.waiting === undefined) return 'tool-unknown';
    if (given !== this.approved && given !== this.waiting) return 'tool-changed';
    [this.approved, this.waiting] = [given, undefined];
    return 'done';
  }

  call(given: string): string {
    if (this.waiting !== undefined) return 'deny tool-quarantined';
    if (this.approved === undefined) return 'deny tool-unknown';
    return given === this.approved ? 'allow' : 'deny tool-changed';
  }
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the kernel says, and what the sentence says. */
function said(stage: Stage, naive: Naive, session: string, each: Step): readonly [string, string] {
  const by = cast.ada;
  const given = each.definition;
  const tool = { ...tools.read, name: 'foreign', definition: given };
  switch (each.kind) {
    case 'register': {
      const { replace } = each;
      const word = stage.do({ kind: 'register-tool', by, tool, replace });
      return [word, naive.register(given, replace)];
    }
    case 'meet':
      return [stage.do({ kind: 'quarantine-tool', by, tool }), naive.meet(given)];
    case 'approve': {
      const approval = { tool: 'foreign', definition: given };
      return [stage.do({ kind: 'approve-tool', by, ...approval }), naive.approve(given)];
    }
    case 'call': {
      const call = { session, tool: 'foreign', args: { name: 'a' }, definition: given };
      return [stage.authorize(call), naive.call(given)];
    }
  }
}

test('a tool runs as what was vouched for last, and not once anything else was met since', () => {
  assertHolds(fc.array(step, { maxLength: 30 }), 500, (steps) => {
    const stage = Stage.ready();
    const session = stage.open();
    const naive = new Naive();
    const words = steps.map((each) => said(stage, naive, session, each));
    expect(words.map(([word]) => word)).toEqual(words.map(([, wanted]) => wanted));
  });
});

test('nobody but who may register tools meets or approves one, whatever stands', () => {
  const others = [cast.ann, cast.bob, cast.sam, cast.olga, cast.pat, cast.vera, cast.otherAda];
  const stage = Stage.ready();
  const tool = { ...tools.read, definition: 'other' };
  for (const by of others) {
    expect(stage.do({ kind: 'quarantine-tool', by, tool })).toBe('permission-denied');
  }
  stage.do({ kind: 'quarantine-tool', by: cast.ada, tool });
  for (const by of others) {
    const approval = { tool: tool.name, definition: tool.definition };
    expect(stage.do({ kind: 'approve-tool', by, ...approval })).toBe('permission-denied');
  }
});
