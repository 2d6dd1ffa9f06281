/** `budgets`: the plans of every org, what is used and left now, and what was in windows that are over. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BudgetPlanDocument, guard, openControlPlane, sqlite } from '../../src/index.ts';
import { bindTool, systemClock } from '../../src/engine/index.ts';
import { cli, doctor, jsonLines, makeExample, scratch } from './run-cli.ts';

const folder = scratch();
const file = join(folder, 'budgets.db');
const dayMs = 86_400_000;

const policy = {
  format: 1,
  version: 1,
  actions: { 'order.read': {} },
  tiers: { unrestricted: ['order.read'] },
};

const read = {
  name: 'read',
  action: 'order.read',
  estimate: { usd: '1.50' },
  execute: (call: { cost: string }) => call,
  usage: (_: unknown, { cost }: { cost: string }) => ({ usd: cost }),
};

function plan(more: Partial<BudgetPlanDocument>): BudgetPlanDocument {
  const scope = { kind: 'principal', every: true } as const;
  const terms = { unit: 'usd', limit: '6', sharing: 'perMember', window: 'unlimited' } as const;
  return { id: 'each', scope, ...terms, ...more };
}

/**
 * Two orgs; one has plans over several windows and used them twice, a week apart. It is far in the future, so
 * that now is the log's time and not the time of the test.
 */
beforeAll(async () => {
  let now = Date.UTC(2100, 0, 4, 12);
  const clock = { ...systemClock, now: () => now };
  const storage = sqlite(file);
  const agents = ['bot'];
  const plane = await openControlPlane({ storage, policy, agents, tools: [read], clock });
  const forOrg = (id: string) => ({ scope: { kind: 'org', id }, sharing: 'shared' }) as const;
  await plane.setBudget({ org: 'acme', plan: plan({}) });
  const daily = plan({ id: 'daily', window: { every: 'day', zone: 'UTC' }, ...forOrg('acme') });
  await plane.setBudget({ org: 'acme', plan: daily });
  const rolling = plan({ id: 'rolling', window: { rollingMs: 60 * dayMs }, ...forOrg('acme') });
  await plane.setBudget({ org: 'acme', plan: rolling });
  await plane.setBudget({ org: 'zeta', plan: plan({ id: 'unused', onOverrun: 'continue' }) });
  const principal = plane.identity.assert({ id: 'user:ann', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const governed = guard(session, read);
  await governed({ cost: '1.50' });
  now += 7 * dayMs;
  await governed({ cost: '1.25' });
  const bob = plane.identity.assert({ id: 'user:bob', org: 'acme', roles: ['agent'] });
  const other = await plane.openSession({ principal: bob, agent: 'bot' });
  const asked = { tool: bindTool(read), arguments: other.read({ cost: '1' }) };
  await other.authorize(asked);
  await plane.close();
});

describe('budgets', () => {
  test('a table of what is used and left now, the plans of every org', async () => {
    const { code, stdout, stderr } = await cli('budgets', file);
    expect([code, stderr]).toEqual([0, '']);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(
      /^plan +scope +window +unit +limit +member +since +posted +reserved +left +use$/,
    );
    expect(rows).toEqual([
      expect.stringMatching(
        /^acme\/daily +org acme +day, UTC .* \* +2100-01-11T00:00:00\.000Z +1\.25 +1\.5 +3\.25 +####\.{6}$/,
      ),
      expect.stringMatching(
        /^acme\/each +every principal, each +unlimited +usd +6 +user:ann +ever +2.75 +0 +3.25 /,
      ),
      expect.stringMatching(/^acme\/each +.* user:bob +ever +0 +1.5 +4.5 +##\.{8}$/),
      expect.stringMatching(
        /^acme\/rolling +org acme +rolling 5184000000 ms +usd +6 +\* .* 2.75 +1.5 +1.75 +#######\.{3}$/,
      ),
      expect.stringMatching(
        /^zeta\/unused +every principal, each +unlimited +usd +6 +- +- +0 +0 +6 +\.{10}$/,
      ),
    ]);
  });

  test('--json gives exact values, a line for each row; --org chooses', async () => {
    const { stdout } = await cli('budgets', file, '--org', 'acme', '--json');
    const rows = jsonLines(stdout);
    expect(rows.map((row) => [row['plan'], row['member']])).toEqual([
      ['daily', '*'],
      ['each', 'user:ann'],
      ['each', 'user:bob'],
      ['rolling', '*'],
    ]);
    expect(rows[1]).toEqual({
      org: 'acme',
      plan: 'each',
      scope: { kind: 'principal', every: true },
      sharing: 'perMember',
      window: 'unlimited',
      unit: 'usd',
      limit: '6',
      member: 'user:ann',
      start: '1970-01-01T00:00:00.000Z',
      posted: '2.75',
      reserved: '0',
      left: '3.25',
      frozen: false,
    });
  });

  test('--past shows the windows that are over, and of slices not what is left', async () => {
    const { stdout } = await cli('budgets', file, '--org', 'acme', '--past', '--json');
    const rows = jsonLines(stdout).map(({ plan: id, posted, reserved, left }) => [
      id,
      posted,
      reserved,
      left,
    ]);
    expect(rows).toEqual([
      ['daily', '1.5', '0', '4.5'],
      ['daily', '1.25', '1.5', '3.25'],
      ['each', '2.75', '0', '3.25'],
      ['each', '0', '1.5', '4.5'],
      ['rolling', '1.5', '0', null],
      ['rolling', '1.25', '1.5', null],
    ]);
  });

  test('a frozen account has nothing left', async () => {
    const path = join(folder, 'frozen.db');
    const plane = await openControlPlane({
      storage: sqlite(path),
      policy,
      tools: [read],
      agents: ['bot'],
    });
    await plane.setBudget({ org: 'acme', plan: plan({}) });
    const principal = plane.identity.assert({ id: 'user:ann', org: 'acme', roles: ['agent'] });
    const session = await plane.openSession({ principal, agent: 'bot' });
    await guard(session, read)({ cost: '2' });
    await plane.close();
    expect((await cli('budgets', path)).stdout).toMatch(/ 2 +0 +0 +########## +frozen$/m);
  });

  test('an org without plans, and a file without any', async () => {
    const { path } = await makeExample(join(folder, 'none.db'));
    for (const words of [[path], [file, '--org', 'nobody'], [file, '--org', '*']]) {
      const { code, stdout } = await cli('budgets', ...words);
      expect([code, stdout]).toEqual([0, 'no budget plans\n']);
      expect((await cli('budgets', ...words, '--json')).stdout).toBe('');
    }
  });

  test('what can be no org is refused', async () => {
    const { code, stderr } = await cli('budgets', file, '--org', 'a b');
    expect([code, stderr]).toEqual([2, expect.stringContaining('must be the name of an org')]);
  });

  test('a member whose name was written by a hostile hand cannot disturb a terminal', async () => {
    const path = join(folder, 'hostile.db');
    const plane = await openControlPlane({ storage: sqlite(path) });
    await plane.setBudget({
      org: 'acme',
      plan: plan({ scope: { kind: 'principal', id: 'ann' }, sharing: 'shared' }),
    });
    await plane.close();
    doctor(path, `UPDATE record SET value = replace(value, '"ann"', '"\\u001b[2Jann"')`);
    const { stdout } = await cli('budgets', path);
    expect(stdout).toContain(String.raw`\u001b[2Jann`);
    expect(stdout).not.toContain('\u001b');
  });

  test('lint says whom plans bind and ends with 1 where something is likely not meant', async () => {
    const { code, stdout } = await cli('budgets', file, '--lint');
    expect(code).toBe(1);
    expect(stdout).toContain('acme/each binds user:ann, user:bob\n');
    expect(stdout).toContain('zeta/unused matches-nothing: ');
    const json = await cli('budgets', file, '--lint', '--org', 'acme', '--json');
    expect(jsonLines(json.stdout)).toContainEqual({
      org: 'acme',
      plan: 'daily',
      members: ['acme'],
      findings: [],
    });
  });

  test('--forecast says how much is used a day, and when the limit is reached at that rate', async () => {
    const { code, stdout } = await cli('budgets', file, '--forecast', '--org', 'acme');
    expect(code).toBe(0);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/ use +a day +limit reached$/);
    expect(rows).toEqual([
      // Half a day is over, and a fifth of the limit is posted.
      expect.stringMatching(/^acme\/daily .* 1\.25 .*# *\.* +2\.5 +not in this window$/),
      expect.stringMatching(/^acme\/each .* - +-$/),
      expect.stringMatching(/^acme\/each .* - +-$/),
      expect.stringMatching(/^acme\/rolling .* 0\.3\d+ +2100-01-\d\dT.*Z$/),
    ]);
    const json = jsonLines((await cli('budgets', file, '--forecast', '--json')).stdout);
    expect(json.map(({ plan: id, forecast }) => [id, forecast])).toMatchObject([
      ['daily', { perDay: '2.5', reachedAt: null }],
      ['each', null],
      ['each', null],
      ['rolling', { reachedAt: expect.stringMatching(/^2100-01-/) as string }],
      ['unused', null],
    ]);
    const both = await cli('budgets', file, '--forecast', '--past');
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('exclude each other')]);
  });
});
