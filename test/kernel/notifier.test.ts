/** Cursors of notifiers: who moves them, and that they only go on. */
import { expect, test } from 'vitest';
import { cast, Stage } from './stage.ts';
import { play, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';

function deliver(stage: Stage, entry: number, more: object = {}): string {
  const usual = { notifier: 'hook', outcome: 'delivered', attempts: 1, by: cast.system } as const;
  return stage.do({ kind: 'record-delivery', entry, ...usual, ...more });
}

function cursorOf(stage: Stage): number | undefined {
  return stage.get('notifier', 'hook')?.cursor;
}

test('a delivery moves the cursor behind its entry, and is an event with what became of it', () => {
  const stage = Stage.ready();
  expect(deliver(stage, 3, { attempts: 2 })).toBe('done');
  expect(cursorOf(stage)).toBe(4);
  const data = { notifier: 'hook', entry: 3, attempts: 2 };
  expect(stage.log.at(-1)?.event).toEqual({ type: 'notification-delivered', data });
  expect(deliver(stage, 5, { outcome: 'abandoned' })).toBe('done');
  expect(stage.log.at(-1)?.event.type).toBe('notification-abandoned');
  expect(cursorOf(stage)).toBe(6);
});

test('what another process told already changes nothing and writes nothing', () => {
  const stage = Stage.ready();
  deliver(stage, 5);
  const before = stage.log.length;
  expect(deliver(stage, 5)).toBe('done');
  expect(deliver(stage, 2, { outcome: 'abandoned' })).toBe('done');
  expect(stage.do({ kind: 'advance-notifier', by: cast.system, notifier: 'hook', cursor: 4 })).toBe(
    'done',
  );
  expect([cursorOf(stage), stage.log.length]).toEqual([6, before]);
});

test('nobody but the control plane moves a cursor', () => {
  const { system: _, ...people } = cast;
  for (const by of Object.values(people)) {
    const stage = Stage.ready();
    expect(deliver(stage, 1, { by })).toBe('permission-denied');
    const advance = { kind: 'advance-notifier', by, notifier: 'hook', cursor: 1 } as const;
    expect(stage.do(advance)).toBe('permission-denied');
    expect(cursorOf(stage)).toBeUndefined();
  }
});

test('a delivery about an entry that is not there, or by a notifier without a name, is refused', () => {
  const stage = Stage.ready();
  const end = stage.log.length;
  const refused = [
    deliver(stage, end),
    deliver(stage, -1),
    deliver(stage, 0.5),
    deliver(stage, 0, { attempts: 0 }),
    deliver(stage, 0, { attempts: 101 }),
    deliver(stage, 0, { notifier: 'no name' }),
    stage.do({ kind: 'advance-notifier', by: cast.system, notifier: 'hook', cursor: end + 1 }),
  ];
  expect(refused).toEqual(refused.map(() => 'delivery-invalid'));
  expect(stage.log.length).toBe(end);
});

test('a notifier can begin at the end of the log, and at the beginning of an empty one', () => {
  const stage = Stage.ready();
  const cursor = stage.log.length;
  const by = cast.system;
  expect(stage.do({ kind: 'advance-notifier', by, notifier: 'hook', cursor })).toBe('done');
  expect(cursorOf(stage)).toBe(cursor);
  const empty = new Stage();
  expect(empty.do({ kind: 'advance-notifier', by, notifier: 'hook', cursor: 0 })).toBe('done');
  expect(cursorOf(empty)).toBe(0);
});

test('a cursor never goes back, whatever is told in whatever order', () => {
  assertHolds(steps, 60, (sequence) => {
    const stage = Stage.ready();
    let highest = 0;
    stage.watch = () => {
      const cursor = cursorOf(stage) ?? 0;
      expect(cursor).toBeGreaterThanOrEqual(highest);
      highest = cursor;
    };
    play(sequence, stage);
    stage.assertFoldsToItself();
  });
});
