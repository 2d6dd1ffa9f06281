/**
 * The demo as a user runs it. What it claims is checked again here from the files it kept: the log read
 * through the library, the order database by plain SQL, the scratch folder by looking.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { CommandError } from '../../src/cli/exit.ts';
import { readTranscript } from '../../src/cli/demo/transcript.ts';
import { readEvents } from '../../src/engine/index.ts';
import { type LogEvent, sqlite, verify } from '../../src/index.ts';
import { cli, cliProcess, jsonLines, scratch } from '../cli/run-cli.ts';

const folder = scratch();
const stories = resolve(import.meta.dirname, '../../src/cli/demo');

interface Sight {
  readonly id: string;
  readonly what: string;
  readonly seen: boolean;
  readonly evidence: string;
}
interface Summary {
  readonly kind: 'summary';
  readonly passed: boolean;
  readonly sights: readonly Sight[];
}
interface DecisionLine {
  readonly kind: 'decision';
  readonly index: number;
  readonly outcome: string;
  readonly code: string;
}
interface Step {
  readonly call?: { readonly tool: string };
  readonly repeat?: true;
}
interface TranscriptFile {
  readonly steps: readonly Step[];
}

async function eventsIn(path: string): Promise<LogEvent[]> {
  const storage = sqlite(path, { mode: 'read-only' });
  await storage.open('main');
  const events: LogEvent[] = [];
  for await (const event of readEvents(storage)) events.push(event);
  await storage.close();
  return events;
}

function query(path: string, sql: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row));
  } finally {
    database.close();
  }
}

/** Members of an event's data, without regard to its type. */
function dataOf(event: LogEvent | undefined): Record<string, unknown> {
  return { ...event?.data };
}

function indexOf(events: readonly LogEvent[], type: string, members: object = {}): number {
  const found = events.findIndex(
    (event) =>
      event.type === type &&
      Object.entries(members).every(([name, value]) => dataOf(event)[name] === value),
  );
  expect(found, `${type} ${JSON.stringify(members)}`).toBeGreaterThanOrEqual(0);
  return found;
}

type Steps = (all: readonly Step[]) => readonly Step[];

async function runWith(steps: Steps, act: 'transcript' | 'gateway-transcript' = 'transcript') {
  const builtIn = join(stories, `${act}.json`);
  const transcript = JSON.parse(readFileSync(builtIn, 'utf8')) as TranscriptFile;
  const path = join(folder, 'changed.json');
  writeFileSync(path, JSON.stringify({ ...transcript, steps: steps(transcript.steps) }));
  const run = await cli('demo', '--fast', '--json', `--${act}`, path);
  const summary = jsonLines<Summary>(run.stdout).at(-1);
  const unseen = (summary?.sights ?? []).filter(({ seen }) => !seen).map(({ id }) => id);
  return { ...run, unseen };
}

test('one run shows everything, and the files it kept bear it out', async () => {
  const kept = join(folder, 'kept');
  const { code, stdout, stderr } = await cli('demo', '--fast', '--json', '--keep', kept);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const lines = jsonLines<DecisionLine | Summary>(stdout);
  const summary = lines.at(-1) as Summary;
  expect(summary.sights.map(({ id, seen }) => [id, seen])).toEqual(
    [
      'allowed',
      'unknown-tool',
      'argument-rule',
      'steered',
      'approved',
      'repeat',
      'budget',
      'kill',
      'killed',
      'closed',
      'gateway-listed',
      'gateway-denied',
      'gateway-approved',
      'gateway-repeat',
      'verified',
      'tampered',
      'as-written',
    ].map((id) => [id, true]),
  );

  const log = join(kept, 'control-plane.db');
  const events = await eventsIn(log);
  // Every decision in the log was printed, in order, and nothing else was.
  const decided = events.filter(({ type }) => type === 'action-decided');
  const printed = lines.slice(0, -1) as DecisionLine[];
  expect(printed.map(({ kind, index, outcome, code: why }) => [kind, index, outcome, why])).toEqual(
    decided.map((event) => [
      'decision',
      event.index,
      dataOf(event)['outcome'],
      dataOf(event)['code'],
    ]),
  );

  // The refund: asked, approved by somebody else, run once, in that order.
  const asked = indexOf(events, 'ticket-requested');
  const approved = indexOf(events, 'ticket-approved');
  const ran = indexOf(events, 'action-decided', { tool: 'refund_order', consumed: true });
  expect(asked < approved && approved < ran).toBe(true);
  expect(events[approved]?.by.id).not.toBe(events[asked]?.by.id);
  const orders = join(kept, 'orders.db');
  expect(query(orders, 'SELECT order_id, cents FROM refunds')).toEqual([['o-1001', 4_200]]);
  expect(query(orders, `SELECT id, status FROM orders WHERE id = 'o-1002'`)).toEqual([
    ['o-1002', 'cancelled'],
  ]);

  // The budget: what was posted is what was paid, within the limit.
  indexOf(events, 'action-decided', { code: 'budget-exceeded' });
  const usd = query(log, `SELECT value FROM record WHERE kind = 'budget' AND key LIKE '%|usd'`);
  expect(JSON.parse(String((usd[0] as unknown[])[0]))).toMatchObject({
    posted: 42_000_000,
    reserved: 0,
    limit: 100_000_000,
  });

  // Files: what was denied is still there, what was stopped is half done, what was killed never was.
  expect(existsSync(join(kept, 'archive', 'ledger.csv'))).toBe(true);
  expect(existsSync(join(kept, 'scratch', 'notes.txt'))).toBe(false);
  expect(existsSync(join(kept, 'scratch', 'sos.txt'))).toBe(false);
  const report = join(kept, 'scratch', 'report.csv');
  const rows = existsSync(report) ? readFileSync(report, 'utf8').trimEnd().split('\n').length : 0;
  expect(rows).toBeLessThan(60);

  // The kill: the running call is settled as unknown after it, and nothing is allowed from then on.
  const kill = indexOf(events, 'kill-engaged');
  const stopped = indexOf(events, 'permit-settled', { outcome: 'unknown' });
  expect(stopped).toBeGreaterThan(kill);
  const desk = events[stopped]?.session;
  const afterKill = decided.filter(({ index, session }) => index > kill && session === desk);
  expect(afterKill.length).toBeGreaterThan(1);
  expect(afterKill.every((event) => dataOf(event)['code'] === 'killed')).toBe(true);
  expect(dataOf(events.at(-1))).toMatchObject({ transition: 'complete' });

  // The second act: asked, approved by somebody else, run once, and one letter in the file; the rest untouched.
  const held = { tool: 'filesystem__edit_file' };
  const heldAt = indexOf(events, 'action-decided', { ...held, outcome: 'require-approval' });
  const ranAt = indexOf(events, 'action-decided', { ...held, outcome: 'allow', consumed: true });
  const approvedAt = events.findIndex(
    ({ type, index }) => type === 'ticket-approved' && index > heldAt,
  );
  expect(heldAt < approvedAt && approvedAt < ranAt).toBe(true);
  expect(events[approvedAt]?.by.id).not.toBe(events[heldAt]?.by.id);
  expect(decided.filter((event) => dataOf(event)['tool'] === held.tool)).toHaveLength(2);
  const shared = (path: string): string => readFileSync(join(kept, 'shared', path), 'utf8');
  expect(shared('letters/to-send.txt').match(/To Grace/g)).toHaveLength(1);
  expect(shared('terms.txt')).toBe('Returns are free within 30 days.\n');
  indexOf(events, 'action-decided', { tool: 'filesystem__write_file', code: 'policy-denied' });

  const good = sqlite(log, { mode: 'read-only' });
  expect(await verify(good)).toMatchObject({ holds: true, entries: events.length });
  await good.close();
  const { code: bad, stdout: verdict } = await cli(
    'verify',
    join(kept, 'control-plane-tampered.db'),
  );
  expect(bad).toBe(1);
  const named = summary.sights.find(({ id }) => id === 'tampered')?.evidence ?? '';
  expect(verdict).toContain(`first bad entry: ${/^#(\d+)/.exec(named)?.[1]} `);

  const again = await cli('demo', '--fast', '--keep', kept);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('not an empty folder')]);
});

test('for people it tells the same, ends with a table, and leaves nothing behind', async () => {
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  const { code, stdout } = await cliProcess({ TMPDIR: temporary }, 'demo', '--fast');
  expect(code).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
  expect(stdout).not.toContain('\u001b');
  for (const text of [
    /refund_order order\/o-1001: waits for an approver/,
    /ada +looks at the ticket and approves it/,
    /before +o-1001 .* refunded 0\.00 in 0 refunds/,
    /after +o-1001 .* refunded 42\.00 in 1 refund/,
    /olga +has seen enough/,
    /^Second act: /m,
    /listed +to the agent: filesystem__read_text_file, filesystem__write_file, filesystem__edit_file$/m,
    /filesystem__edit_file shared\/letters\/to-send\.txt: waits for an approver/,
    /after +1 letter to be sent/,
    /^what was to be seen +seen +evidence$/m,
    /^the log verifies +yes +\d+ entries/m,
  ]) {
    expect(stdout).toMatch(text);
  }
});

describe('what did not happen is not said to have', () => {
  test('without the refund, the table says what is missing and the exit code is 1', async () => {
    const { code, unseen } = await runWith((steps) =>
      steps.filter(({ call, repeat }) => call?.tool !== 'refund_order' && repeat !== true),
    );
    expect(code).toBe(1);
    expect(unseen).toEqual(['approved', 'repeat', 'budget']);
  });

  test('a denied refund, a model that ignores guidance, a kill that never comes', async () => {
    const { code, unseen } = await runWith((steps) =>
      steps
        .filter((step) => step.call?.tool !== 'cancel_order' && step.call?.tool !== 'read_order')
        .map((step) => {
          if (step.call?.tool === 'refund_order') return { ...step, meanwhile: 'deny' };
          return step.call?.tool === 'build_report' ? { ...step, meanwhile: undefined } : step;
        }),
    );
    expect(code).toBe(1);
    expect(unseen).toEqual(
      expect.arrayContaining(['steered', 'approved', 'kill', 'killed', 'as-written']),
    );
  });

  test('a held write that nobody approves, and a denied one that nobody tries', async () => {
    const denied = await runWith(
      (steps) => steps.map((step) => ('meanwhile' in step ? { ...step, meanwhile: 'deny' } : step)),
      'gateway-transcript',
    );
    expect(denied.code).toBe(1);
    expect(denied.unseen).toEqual(['gateway-approved', 'gateway-repeat', 'as-written']);
    const untried = await runWith(
      (steps) => steps.filter(({ call }) => call?.tool !== 'filesystem__write_file'),
      'gateway-transcript',
    );
    expect([untried.code, untried.unseen]).toEqual([1, ['gateway-denied']]);
  });

  test('in the table for people, too', async () => {
    const path = join(folder, 'short.json');
    const step = { say: 'hello', call: { tool: 'read_order', arguments: { orderId: 'o-1001' } } };
    writeFileSync(path, JSON.stringify({ format: 1, title: 't', closing: 'c', steps: [step] }));
    const { code, stdout } = await cli('demo', '--fast', '--transcript', path);
    expect(code).toBe(1);
    expect(stdout).toMatch(/a refund waits for another’s approval and runs once +NO/);
    expect(stdout).toMatch(/^not seen: .*a refund waits/m);
  });
});

describe('a transcript that is none is refused with the place', () => {
  const step = { say: 's', call: { tool: 't', arguments: {} } };
  const whole = { format: 1, title: 't', closing: 'c', steps: [step] };
  const rows = [
    { text: '{\n  "format": 1,\n  "steps": [,]\n}', says: ':3:13: ' },
    { text: '{"format": 1, "format": 1}', says: 'twice' },
    { text: JSON.stringify({ ...whole, format: 2 }), says: '`$.format` must be 1' },
    { text: JSON.stringify({ ...whole, steps: [] }), says: '`$.steps` must be a list' },
    {
      text: JSON.stringify({ ...whole, steps: [{ say: 's' }] }),
      says: 'either `call` or `repeat`',
    },
    {
      text: JSON.stringify({ ...whole, steps: [{ say: 's', repeat: true }] }),
      says: 'no call to repeat',
    },
    {
      text: JSON.stringify({ ...whole, steps: [{ ...step, expect: 'fun' }] }),
      says: '`$.steps[0].expect` must be one of result, deny',
    },
    {
      text: JSON.stringify({ ...whole, steps: [{ ...step, sya: '' }] }),
      says: '`$.steps[0].sya` is not known',
    },
  ];
  test.each(rows)('$says', ({ text, says }) => {
    const path = join(folder, 'bad.json');
    writeFileSync(path, text);
    expect(() => readTranscript(path)).toThrow(CommandError);
    expect(() => readTranscript(path)).toThrow(says);
    expect(() => readTranscript(path)).toThrow(path);
  });

  test('on the command line, with file, line and column', async () => {
    const path = join(folder, 'bad.json');
    writeFileSync(path, '{\n  "format": 1,\n  "steps": [,]\n}');
    const { code, stdout, stderr } = await cli('demo', '--fast', '--transcript', path);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(`${path}:3:13: `)]);
  });

  test('a missing file, and a folder that is in use', async () => {
    const missing = await cli('demo', '--transcript', join(folder, 'no.json'));
    expect([missing.code, missing.stderr]).toEqual([
      2,
      expect.stringContaining('there is no file'),
    ]);
    const used = join(folder, 'used');
    mkdirSync(join(used, 'child'), { recursive: true });
    const refused = await cli('demo', '--keep', used);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('not an empty folder'),
    ]);
  });
});
