/** `usage`: what calls came to, as a table, as JSON and as CSV that no spreadsheet runs. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { callModel, guard, openControlPlane, sqlite } from '../../src/index.ts';
import { systemClock } from '../../src/engine/index.ts';
import { usageDimensions } from '../../src/engine/budgets/usage-tally.ts';
import { cli, doctor, jsonLines, scratch, tamper } from './run-cli.ts';

const folder = scratch();
const file = join(folder, 'usage.db');
const dayMs = 86_400_000;

const policy = {
  format: 1,
  version: 1,
  actions: { 'model.call': {}, 'file.read': {} },
  tiers: { unrestricted: ['model.call', 'file.read'] },
};
const prices = {
  format: 1,
  version: 1,
  currency: 'USD',
  models: {
    small: { prices: [{ input: '1', output: '2' }] },
    large: { dated: true, prices: [{ input: '10', output: '30' }] },
  },
};
const read = {
  name: 'read',
  action: 'file.read',
  execute: () => 'text',
  usage: () => ({ pages: 3 }),
};

/** Two orgs on three days, in the far future, so that now is the log's time and not that of the test. */
beforeAll(async () => {
  let now = Date.UTC(2100, 0, 4, 12);
  const clock = { ...systemClock, now: () => now };
  const plane = await openControlPlane({
    storage: sqlite(file),
    policy,
    prices,
    agents: ['bot'],
    tools: [read],
    clock,
  });
  const session = async (org: string, id: string) =>
    plane.openSession({
      principal: plane.identity.assert({ id, org, roles: ['agent'] }),
      agent: 'bot',
    });
  const call = { maxInputTokens: 1_000, maxOutputTokens: 100 };
  const usage = { inputTokens: 800, outputTokens: 50, cacheReadTokens: 300 };
  const ann = await session('acme', 'user:ann');
  await callModel(ann, { ...call, model: 'large' }, async () => ({ result: 1, usage }));
  await callModel(ann, { ...call, model: 'unlisted' }, async () => ({ result: 1 })).catch(() => {});
  now += 2 * dayMs;
  await callModel(ann, { ...call, model: 'small' }, async () => ({ result: 1 }));
  await callModel(ann, { ...call, model: 'large-20990101' }, async () => ({
    result: 1,
    usage,
    model: 'small',
  }));
  await guard(await session('zeta', 'user:bob'), read)({});
  await plane.close();
}, 60_000);

describe('usage', () => {
  test('a table by principal and model, a bar for each day', async () => {
    const { code, stdout, stderr } = await cli('usage', file);
    expect([code, stderr]).toEqual([0, '']);
    const [head, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replaceAll(/ {2,}/g, ' | '));
    expect(head).toBe(
      'org | principal | model | calls | refused | usd | pages | tokens | in | out | cache read | ' +
        'in full | other model | usd 2100-01-04 to 2100-01-06',
    );
    expect(rows).toEqual([
      'acme | user:ann | large | 2 | 0 | 0.019 | 0 | 1700 | 1600 | 100 | 600 | 0 | 1 | █.█',
      'acme | user:ann | small | 1 | 0 | 0.0012 | 0 | 1100 | 0 | 0 | 0 | 1 | 0 | ..█',
      'acme | user:ann | unlisted | 1 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | ...',
      'zeta | user:bob | - | 1 | 0 | 0 | 3 | 0 | 0 | 0 | 0 | 0 | 0 | ...',
    ]);
  });

  test('with days as lines there are no bars, and columns without anything are left out', async () => {
    const { stdout } = await cli('usage', file, '--by', 'day', '--org', 'zeta');
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^org +day +calls +pages$/),
      expect.stringMatching(/^zeta +2100-01-06 +1 +3$/),
    ]);
  });

  test('--json has exact texts and every number, a line for each row', async () => {
    const { stdout } = await cli('usage', file, '--by', 'model', '--org', 'acme', '--json');
    const rows = jsonLines(stdout);
    expect(rows.map((row) => row['model'])).toEqual(['large', 'small', 'unlisted']);
    expect(rows[0]).toMatchObject({
      org: 'acme',
      calls: 2,
      refused: 0,
      open: 0,
      problems: 0,
      otherModel: 1,
      amounts: { usd: '0.019', tokens: '1700' },
      tokens: { input: '1600', output: '100', cacheRead: '600', cacheWrite: '0', reasoning: '0' },
    });
  });

  test('--from is in and --to is not; days and instants are in UTC', async () => {
    const calls = async (...words: string[]): Promise<number> => {
      const { stdout } = await cli('usage', file, '--by', 'org', '--json', ...words);
      return jsonLines<{ calls: number }>(stdout).reduce((sum, row) => sum + row.calls, 0);
    };
    expect(await calls('--to', '2100-01-06')).toBe(2);
    expect(await calls('--from', '2100-01-06')).toBe(3);
    expect(await calls('--from', '2100-01-05', '--to', '2100-01-06')).toBe(0);
    expect(await calls('--from', '2100-01-06T12:00:00Z')).toBe(3);
    expect(await calls('--from', '2100-01-06T12:00:00.001Z')).toBe(0);
  });

  test('--csv is RFC 4180 with every column', async () => {
    const { stdout } = await cli('usage', file, '--by', 'agent,tool', '--csv');
    expect(stdout.endsWith('\r\n')).toBe(true);
    const [head, ...rows] = stdout.trimEnd().split('\r\n');
    expect(head).toMatch(/^org,agent,tool,calls,refused,open,problems,otherModel,charged\.usd,/);
    expect(head).toMatch(/,counted\.input,counted\.output,counted\.cacheRead,/);
    expect(rows.map((row) => row.split(',').slice(0, 9))).toEqual([
      ['acme', 'bot', 'model', '4', '1', '0', '1', '1', '0.0202'],
      ['zeta', 'bot', 'read', '1', '0', '0', '0', '0', '0'],
    ]);
  });

  test('what hostile hands wrote is neither a formula nor moves the cursor', async () => {
    const path = join(folder, 'hostile.db');
    const plane = await openControlPlane({
      storage: sqlite(path),
      policy,
      prices,
      agents: ['bot'],
    });
    const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
    const session = await plane.openSession({ principal, agent: 'bot' });
    const call = { model: 'small', maxInputTokens: 1, maxOutputTokens: 1 };
    await callModel(session, call, async () => ({ result: 1 }));
    const { size } = await plane.head();
    await plane.close();
    tamper(path, size - 2, '"tool":"model"', String.raw`"tool":"=HYPERLINK(\"x\",\u001b[2J)"`);
    const csv = await cli('usage', path, '--by', 'tool', '--csv');
    expect(csv.stdout).toContain(String.raw`acme,"'=HYPERLINK(""x"",\u001b[2J)",1,`);
    const table = await cli('usage', path, '--by', 'tool');
    expect(`${csv.stdout}${table.stdout}`).not.toContain('\u001b');
    // An entry that is not of its kind's shape ends the report with a sentence.
    tamper(path, size - 1, '"usd":', '"usd":"x","usd2":');
    const broken = await cli('usage', path);
    expect([broken.code, broken.stdout]).toEqual([2, '']);
    expect(broken.stderr).toContain('an entry cannot be read: entry ');
  });

  test.each([
    ['in the middle', 8],
    ['at the end', 1],
  ])('a log of which entries are missing %s has no figures', async (_, before) => {
    const path = join(folder, `missing-${before}.db`);
    const plane = await openControlPlane({
      storage: sqlite(path),
      policy,
      agents: ['bot'],
      tools: [read],
    });
    const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
    const reading = guard(await plane.openSession({ principal, agent: 'bot' }), read);
    for (let call = 0; call < 300; call += 1) await reading({});
    const { size } = await plane.head();
    await plane.close();
    expect(size).toBeGreaterThan(500);
    doctor(path, `DELETE FROM entry WHERE idx = ${size - before}`, 'entry_never_goes');
    for (const words of [['usage'], ['usage', '--csv'], ['events', '--type', 'kill-engaged']]) {
      const [command = '', ...options] = words;
      const { code, stdout, stderr } = await cli(command, path, ...options);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`an entry cannot be read: entry ${size - before} is missing`);
    }
  });

  test('a file without calls, and orgs without any', async () => {
    const path = join(folder, 'none.db');
    await (await openControlPlane({ storage: sqlite(path) })).close();
    for (const words of [[path], [file, '--org', 'nobody'], [file, '--from', '2101-01-01']]) {
      const { code, stdout } = await cli('usage', ...words);
      expect([code, stdout]).toEqual([0, 'no calls\n']);
      expect((await cli('usage', ...words, '--json')).stdout).toBe('');
    }
  });

  test('a year of days shows the last thirty', async () => {
    const { stdout } = await cli('usage', file, '--by', 'org');
    expect(stdout).toContain('usd 2100-01-04 to 2100-01-06');
    const path = join(folder, 'year.db');
    let now = Date.UTC(2100, 0, 1);
    const clock = { ...systemClock, now: () => now };
    const plane = await openControlPlane({
      storage: sqlite(path),
      policy,
      agents: ['bot'],
      tools: [read],
      clock,
    });
    const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
    const session = await plane.openSession({ principal, agent: 'bot' });
    for (const days of [0, 70, 20]) {
      now += days * dayMs;
      await guard(session, read)({});
    }
    await plane.close();
    const year = await cli('usage', path, '--by', 'agent');
    expect(year.stdout).toContain('calls 2100-03-03 to 2100-04-01');
    expect(year.stdout).toContain(`  ${'.'.repeat(9)}█${'.'.repeat(19)}█\n`);
  });

  test('help lists everything that usage is grouped by', async () => {
    const text = (await cli('usage', '--help')).stdout.replaceAll(/\s+/g, ' ');
    const [, listed = ''] = /--by <names> (.*); several/.exec(text) ?? [];
    expect(listed.split(/, | or /)).toEqual(usageDimensions);
  });

  test.each([
    [['--by', 'crew'], 'cannot be grouped by `crew`'],
    [['--org', 'a b'], 'must be the name of an org'],
    [['--from', '2100-02-30'], 'It must be a day such as'],
    [['--to', '2100-01-01T00:00:00+01:00'], 'both in UTC'],
    [['--from', '2100-01-02', '--to', '2100-01-02'], '`--to` is not after `--from`'],
  ])('%j is refused', async (words, says) => {
    const { code, stdout, stderr } = await cli('usage', file, ...words);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(says)]);
  });

  test('as JSON and as CSV at once is refused, to programs as JSON', async () => {
    const { code, stdout, stderr } = await cli('usage', file, '--json', '--csv');
    expect([code, stderr]).toEqual([2, expect.stringContaining('exclude each other')]);
    const { error } = JSON.parse(stdout) as { readonly error: { readonly message: string } };
    expect(error.message).toContain('exclude each other');
  });
});
