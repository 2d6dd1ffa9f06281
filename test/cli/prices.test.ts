/** `prices`: what is active, by every name that a call may use; and what another catalogue would change. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openControlPlane, sqlite } from '../../src/index.ts';
import { cli, doctor, jsonLines, scratch } from './run-cli.ts';

const folder = scratch();
const file = join(folder, 'prices.db');
const empty = join(folder, 'empty.db');

const small = { prices: [{ input: '1', output: '2' }] };
const catalogue = {
  format: 1,
  version: 3,
  currency: 'USD',
  models: {
    small,
    large: {
      provider: 'acme.ai',
      tier: 'premium',
      aliases: ['big', 'x/large'],
      dated: true,
      prices: [
        { input: '20', output: '60' },
        {
          from: '2026-01-01T00:00:00Z',
          input: '10',
          output: '30',
          cacheRead: '1.25',
          request: '0.000001',
          inputTokensMax: 1_000_000,
          outputTokensMax: 64_000,
          above: [{ inputTokens: 200_000, input: '15', output: '45' }],
        },
        { from: '2199-01-01T00:00:00Z', input: '5', output: '6' },
      ],
    },
    later: { prices: [{ from: '2199-01-01T00:00:00Z', input: '5', output: '6' }] },
  },
};

function written(name: string, document: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document));
  return path;
}

const lines = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, ' | '));

beforeAll(async () => {
  await (await openControlPlane({ storage: sqlite(file), prices: catalogue })).close();
  await (await openControlPlane({ storage: sqlite(empty) })).close();
}, 60_000);

describe('the active catalogue', () => {
  test('a line for each model with what it costs now, and one for each step', async () => {
    const { code, stdout, stderr } = await cli('prices', file);
    expect([code, stderr]).toEqual([0, '']);
    expect(lines(stdout)).toEqual([
      'model | tier | from | input | output | cache read | cache write | reasoning | request | most input | most output',
      'large | premium | 2026-01-01T00:00:00.000Z | 10 | 30 | 1.25 | 10 | 30 | 0.000001 | 1000000 | 64000',
      ' | above 200000 | 15 | 45 | 15 | 15 | 45 | 0',
      'later | standard | - | - | - | - | - | - | - | - | -',
      'small | standard | - | 1 | 2 | 1 | 1 | 2 | 0 | - | -',
    ]);
  });

  test('--json has every price of every model', async () => {
    const rows = jsonLines((await cli('prices', file, '--json')).stdout);
    expect(rows.map(({ model }) => model)).toEqual(['large', 'later', 'small']);
    expect(rows[0]).toMatchObject({
      provider: 'acme.ai',
      dated: true,
      aliases: ['big', 'x/large'],
      now: { from: '2026-01-01T00:00:00.000Z', input: '10', above: [{ inputTokens: 200_000 }] },
    });
    expect(rows[0]?.['prices']).toHaveLength(3);
    expect(rows[1]?.['now']).toBeNull();
  });

  test.each(['large', 'big', 'x/large', 'large-2026-05-01', 'big-20260501'])(
    '--model finds `%s`, with all prices that it has and will have',
    async (name) => {
      const { code, stdout } = await cli('prices', file, '--model', name);
      expect(code).toBe(0);
      const [, ...rows] = lines(stdout);
      expect(rows).toEqual([
        'large | premium | - | 20 | 60 | 20 | 20 | 60 | 0 | - | -',
        expect.stringMatching(/^large .* 2026-01-01T00:00:00\.000Z .* 64000 \| now$/),
        ' | above 200000 | 15 | 45 | 15 | 15 | 45 | 0',
        'large | premium | 2199-01-01T00:00:00.000Z | 5 | 6 | 5 | 5 | 6 | 0 | - | -',
        'provider acme.ai',
        'names | large, big, x/large',
        ' | and each of these with a date behind',
      ]);
    },
  );

  test.each(['LARGE', 'large ', 'acme/large', 'small-2026-05-01', '\u001b[2J'])(
    '--model says that %j is not listed, and ends with 1',
    async (name) => {
      const { code, stdout } = await cli('prices', file, '--model', name);
      expect([code, stdout]).toEqual([1, expect.stringContaining('is not in version 3')]);
      expect(stdout).not.toContain('\u001b');
      expect((await cli('prices', file, '--model', name, '--json')).stdout).toBe('');
    },
  );

  test('a log without a catalogue', async () => {
    const { code, stdout } = await cli('prices', empty);
    expect([code, stdout]).toEqual([0, 'no price catalogue is active\n']);
    expect((await cli('prices', empty, '--json')).stdout).toBe('');
    expect((await cli('prices', empty, '--model', 'small')).code).toBe(1);
  });

  test('what a hostile hand wrote cannot disturb a terminal', async () => {
    const path = join(folder, 'hostile.db');
    await (await openControlPlane({ storage: sqlite(path), prices: catalogue })).close();
    doctor(path, String.raw`UPDATE record SET value = replace(value, 'premium', '\u001b[2J')`);
    const { stdout } = await cli('prices', path);
    expect(stdout).toContain(String.raw`\u001b[2J`);
    expect(stdout).not.toContain('\u001b');
  });
});

describe('--check', () => {
  test('a good catalogue, without any log', async () => {
    const path = written('good.json', catalogue);
    const { code, stdout } = await cli('prices', '--check', path);
    expect([code, stdout]).toEqual([0, `${path} is right: version 3, 3 models\n`]);
    const json = await cli('prices', '--check', path, '--json');
    expect(jsonLines(json.stdout)).toEqual([{ version: 3, models: 3 }]);
  });

  test('every finding with its place, and 1', async () => {
    const models = { small: { prices: [{ input: 1, output: '2' }] }, Small: small };
    const path = written('bad.json', { ...catalogue, models });
    const { code, stdout } = await cli('prices', '--check', path);
    expect(code).toBe(1);
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringContaining(`${path} models[small].prices[0].input invalid-price: must be`),
      `${path} models[Small] duplicate-name: \`Small\` differs from \`small\` only in case`,
    ]);
    const json = jsonLines((await cli('prices', '--check', path, '--json')).stdout);
    expect(json.map((finding) => finding['path'])).toEqual([
      'models[small].prices[0].input',
      'models[Small]',
    ]);
  });

  test('one that is too long to be activated', async () => {
    const path = written('long.json', { ...catalogue, note: 'x'.repeat(4_194_304) });
    const { code, stdout } = await cli('prices', '--check', path);
    expect([code, stdout]).toEqual([1, `${path} too-many: is longer than 4194304 bytes\n`]);
  });

  test('what is no JSON, or says a member twice, has its line', async () => {
    const path = written('twice.json', '{\n"format": 1,\n"format": 1}');
    const { code, stderr } = await cli('prices', '--check', path);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${path}:3:`)]);
  });
});

describe('--diff', () => {
  test('what would come, go, and cost something else; 1 where anything would', async () => {
    const { later: _, large, ...others } = catalogue.models;
    const [first, second, third] = large.prices;
    const next = written('next.json', {
      ...catalogue,
      version: 4,
      models: {
        ...others,
        small: {
          prices: [...small.prices, { from: '2199-01-01T00:00:00Z', input: '9', output: '9' }],
        },
        large: {
          ...large,
          tier: 'restricted',
          aliases: ['big', 'huge'],
          prices: [first, { ...second, input: '11', above: undefined }, third],
        },
        tiny: small,
      },
    });
    const { code, stdout } = await cli('prices', file, '--diff', next);
    expect(code).toBe(1);
    expect(stdout.trimEnd().split('\n')).toEqual([
      '- later',
      '+ tiny',
      '~ large: tier premium to restricted, no longer x/large, also huge, input 10 to 11, ' +
        'cacheWrite 10 to 11, above 200000 (15 45 15 15 45 0) to nothing',
      '~ small: prices of other times',
    ]);
    const [json] = jsonLines((await cli('prices', file, '--diff', next, '--json')).stdout);
    expect(json).toMatchObject({
      versions: { before: 3, after: 4 },
      added: ['tiny'],
      removed: ['later'],
      changed: [{ model: 'large' }, { model: 'small' }],
    });
  });

  test('the same models are the same, whatever the version', async () => {
    const path = written('same.json', { ...catalogue, version: 9 });
    const { code, stdout } = await cli('prices', file, '--diff', path);
    expect([code, stdout]).toEqual([0, 'the two catalogues say the same\n']);
  });

  test('a version that would be refused is said to be', async () => {
    const path = written('behind.json', { ...catalogue, models: { small } });
    const { stdout } = await cli('prices', file, '--diff', path);
    expect(stdout).toContain('version 3 would be refused: version 3 is active\n');
  });

  test('against a log without a catalogue everything is new; one that does not check is not compared', async () => {
    const good = written('good-2.json', catalogue);
    const { stdout } = await cli('prices', empty, '--diff', good);
    expect(stdout).toBe('+ large\n+ later\n+ small\n');
    const bad = written('bad-2.json', { ...catalogue, models: {} });
    const { code, stdout: findings } = await cli('prices', file, '--diff', bad);
    expect([code, findings]).toEqual([1, `${bad} models empty: has no model\n`]);
  });
});

test.each([
  [[], 'no file is given'],
  [['x.db', '--check', 'x.json'], 'takes no file of a control plane'],
  [['x.db', '--model', 'm', '--diff', 'x.json'], 'exclude each other'],
  [['--check', join(folder, 'no.json')], 'there is no file'],
])('%j is refused', async (words, says) => {
  const { code, stdout, stderr } = await cli('prices', ...words);
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(says)]);
});
