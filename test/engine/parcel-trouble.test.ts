/** Parcels that are not answered, or whose answers are lost: what is decided here then, and what is said of it. */
import { expect, test } from 'vitest';
import { fault } from '../../src/engine/error.ts';
import { bindTool } from '../../src/engine/index.ts';
import { type Parcel, type ParcelNews, StorageError } from '../../src/storage/storage.ts';
import { countOf, type Scene, scene, sessionOn } from './parcel-scene.ts';
import { codeOf, read, staff } from './shop.ts';

const gone = { status: 'gone' } as const;

function down(): never {
  throw new StorageError('unavailable', 'nobody is there');
}

/** A call that is asked for once its session is open and the asker leaves what it is asked. */
async function asking() {
  const at = await scene();
  const session = await sessionOn(at.asker);
  at.script.wanted = true;
  const ask = (orderId = 'o-1'): Promise<string> =>
    session.authorize({ tool: bindTool(read), arguments: session.read({ orderId }) }).then(
      ({ code }) => code,
      (error: unknown) => (error as { readonly code: string }).code,
    );
  return { at, ask, session };
}

/** The store answers as ever, and has forgotten all parcels. */
function forgets({ script }: Scene): void {
  script.take = async (inner, ...query) => {
    const news = await inner.take(...query);
    return news === undefined ? undefined : { ...news, own: gone };
  };
  script.reclaim = async () => gone;
}

function recovers({ script }: Scene): void {
  for (const name of ['take', 'entrust', 'reclaim', 'append', 'read'] as const) delete script[name];
}

/** What is left is decided elsewhere, and its sender hears something else of it. */
function hears(at: Scene, heard: ParcelNews | undefined): void {
  at.script.entrust = async (inner, parcel) => {
    await inner.entrust(parcel);
    await at.decide();
    return heard;
  };
}

test('an answer that is lost with the store’s memory: the log has the command, and nobody guesses', async () => {
  const { at, ask } = await asking();
  hears(at, { own: gone });
  forgets(at);
  expect(await ask()).toBe('outcome-unknown');
  expect(await countOf(at, 'action-decided')).toBe(1);
  recovers(at);
  expect(await ask()).toBe('allowed');
  expect(await countOf(at, 'action-decided')).toBe(2);
  expect(await at.faults()).toEqual([]);
});

test('an answer that is lost is looked for in the log, where nothing of it was read since either', async () => {
  const { at, ask } = await asking();
  hears(at, undefined);
  at.script.take = async () => undefined;
  at.script.reclaim = async () => gone;
  expect(await ask()).toBe('outcome-unknown');
  expect(await countOf(at, 'action-decided')).toBe(1);
  recovers(at);
  expect(await at.faults()).toEqual([]);
});

test('an answer to fewer commands than were left is no answer', async () => {
  const { at, ask } = await asking();
  hears(at, { own: { status: 'answered', text: '{"answers":[],"urgentTo":0}' } });
  expect(await ask()).toBe('outcome-unknown');
  expect(await countOf(at, 'action-decided')).toBe(1);
  recovers(at);
  expect(await at.faults()).toEqual([]);
});

test('a parcel that never came is decided here, and comes too late if it comes after that', async () => {
  const { at, ask } = await asking();
  const late: Parcel[] = [];
  at.script.entrust = async (_, parcel) => {
    late.push(parcel);
    return undefined;
  };
  expect(await ask()).toBe('allowed');
  for (const parcel of late) await at.mine.turns?.entrust(parcel);
  expect(late).toHaveLength(1);
  await at.decide();
  expect(await countOf(at, 'action-decided')).toBe(1);
  expect(await at.faults()).toEqual([]);
});

test('a parcel of which nothing can be learned has an outcome that is unknown', async () => {
  const { at, ask } = await asking();
  at.script.entrust = async (inner, parcel) => {
    await inner.entrust(parcel);
    return undefined;
  };
  at.script.take = async () => undefined;
  at.script.reclaim = async () => down();
  expect(await ask()).toBe('outcome-unknown');
  // It is there for others to decide.
  await at.decide();
  expect(await countOf(at, 'action-decided')).toBe(1);
  recovers(at);
  expect(await ask('o-2')).toBe('allowed');
  expect(await at.faults()).toEqual([]);
});

test('where a log is met that is not the one seen before, the outcome is unknown and nothing is decided any more', async () => {
  const { at, ask } = await asking();
  hears(at, undefined);
  at.script.take = async () => undefined;
  at.script.reclaim = async () => gone;
  at.script.read = () => {
    throw fault('log-inconsistent');
  };
  expect(await ask()).toBe('outcome-unknown');
  recovers(at);
  expect(await ask()).toBe('log-inconsistent');
  expect(await countOf(at, 'action-decided')).toBe(1);
});

test('a store that fails while a parcel is open: the command was decided elsewhere, and is so told', async () => {
  const { at, ask } = await asking();
  at.script.append = async () => {
    await at.decide();
    return down();
  };
  expect(await ask()).toBe('allowed');
  expect(await countOf(at, 'action-decided')).toBe(1);
  expect(await at.faults()).toEqual([]);
});

test('a store that fails while a parcel is open: what is told to be undecided is never decided', async () => {
  const { at, ask } = await asking();
  at.script.append = async () => down();
  expect(await ask()).toBe('store-unavailable');
  await at.decide();
  expect(await countOf(at, 'action-decided')).toBe(0);
  // Nor is it where nobody knows.
  at.script.reclaim = async () => down();
  expect(await ask()).toBe('outcome-unknown');
  await at.decide();
  expect(await countOf(at, 'action-decided')).toBe(1);
  expect(await at.faults()).toEqual([]);
});

test('an answer is told although the events that came with it cannot be read yet', async () => {
  const { at, ask } = await asking();
  const { ops } = staff(at.other);
  at.leaves();
  expect(await ask()).toBe('allowed');
  const scope = { kind: 'agent', org: 'acme', name: 'other-bot' } as const;
  await at.other.kill({ scope, by: ops, reason: 'smoke' });
  at.script.read = down;
  expect(await ask()).toBe('allowed');
  expect(at.asker.killed(scope)).toBe(false);
  delete at.script.read;
  expect(await ask()).toBe('allowed');
  expect(at.asker.killed(scope)).toBe(true);
  expect(await countOf(at, 'action-decided')).toBe(3);
});

test('an append in doubt that reached the log is found, also where it settled a parcel', async () => {
  const { at, ask } = await asking();
  let appends = 0;
  at.script.append = async (inner, batch) => {
    appends += 1;
    if (appends > 1) return inner.append(batch);
    // It is written after it was looked for.
    at.script.take = async (turns, ...query) => {
      delete at.script.take;
      await inner.append(batch);
      return turns.take(...query);
    };
    throw new StorageError('io', 'the line was cut', { ambiguous: true });
  };
  const answer = ask();
  for (let turn = 0; turn < 100; turn += 1) await new Promise((done) => setImmediate(done));
  at.clock.advance(100);
  expect(await answer).toBe('allowed');
  expect(appends).toBe(1);
  expect(await countOf(at, 'action-decided')).toBe(1);
});

test('a call that comes while a batch is in doubt gets no answer of those who left theirs in it', async () => {
  const { at, ask } = await asking();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  at.script.entrust = async (inner, parcel, query) => {
    await inner.entrust(parcel);
    await gate;
    return inner.entrust(parcel, query);
  };
  const left = ask('o-1');
  // What is asked under a key needs a record, and so has records loaded.
  const call = async (orderId: string): Promise<string> => {
    const asked = { tool: bindTool(read), arguments: at.led.read({ orderId }) };
    return (await at.led.authorize({ ...asked, idempotencyKey: orderId })).resource;
  };
  const calls: Promise<string>[] = [];
  let late = async (): Promise<void> => {};
  at.leading.append = async (inner, batch) => {
    await late();
    if (calls.length > 1) return inner.append(batch);
    calls.push(call('o-3'));
    // It lands as records are loaded for the next attempt, or at the latest before that is appended.
    late = async () => {
      late = async () => {};
      await inner.append(batch);
    };
    throw new StorageError('io', 'the line was cut', { ambiguous: true });
  };
  at.leading.readRecords = async () => {
    await late();
  };
  at.leading.kept = true;
  calls.push(call('o-2'));
  for (let turn = 0; turn < 100; turn += 1) await new Promise((done) => setImmediate(done));
  at.clock.advance(100);
  const resources = await Promise.all(calls);
  open();
  expect(resources.toSorted()).toEqual(['order/o-2', 'order/o-3']);
  expect(await left).toBe('allowed');
  expect(await countOf(at, 'action-decided')).toBe(3);
});

test('a batch in doubt is not taken for what another process wrote of it', async () => {
  const { at, ask } = await asking();
  const calls: Promise<string>[] = [];
  at.script.take = async (turns, ...query) => {
    // It goes along with what was left.
    if (calls.length === 1) calls.push(ask('o-2'));
    return turns.take(...query);
  };
  let appends = 0;
  at.script.append = async (inner, batch) => {
    appends += 1;
    if (appends > 1) return inner.append(batch);
    // What was left is decided at the same place, and has the same entry; what went along has none.
    await at.decide();
    throw new StorageError('io', 'the line was cut', { ambiguous: true });
  };
  calls.push(ask('o-1'));
  for (let turn = 0; turn < 100; turn += 1) await new Promise((done) => setImmediate(done));
  at.clock.advance(100);
  expect(await Promise.all(calls)).toEqual(['allowed', 'allowed']);
  expect(await countOf(at, 'action-decided')).toBe(2);
  expect(await at.faults()).toEqual([]);
});

test('a kill that could not be written is written here, and left to nobody', async () => {
  const { at, ask } = await asking();
  const { ops } = staff(at.asker);
  const left: string[] = [];
  at.script.entrust = async (inner, parcel, query) => {
    left.push(parcel.text);
    return inner.entrust(parcel, query);
  };
  at.script.append = async () => down();
  const scope = { kind: 'org', org: 'acme' } as const;
  expect(await codeOf(at.asker.kill({ scope, by: ops, reason: 'smoke' }))).toBe('kill-local-only');
  delete at.script.append;
  expect(await ask()).toBe('killed');
  expect(await countOf(at, 'kill-engaged')).toBe(1);
  // It was left before the store failed, and taken back.
  expect(left.filter((text) => text.includes('engage-kill'))).toHaveLength(1);
  expect(await at.faults()).toEqual([]);
});
