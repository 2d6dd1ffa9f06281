/** The commands on policies, on real files. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cli, hostile, jsonLines, makeExample, scratch } from './run-cli.ts';

const folder = scratch();
const policy = join(folder, 'policy.yaml');
const cases = join(folder, 'policy.test.yaml');

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const edited = (name: string, from: string, to: string): string =>
  written(name, readFileSync(policy, 'utf8').replace(from, to));

beforeAll(async () => {
  const { code, stderr } = await cli('policy', 'init', policy);
  if (code !== 0) throw new Error(stderr);
});

test.each(['init', 'lint', 'test', 'explain', 'diff', 'replay'])(
  'policy %s --help has examples and exit codes',
  async (name) => {
    const { code, stdout } = await cli('policy', name, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(`$ agent-control-plane policy ${name}`);
    expect(stdout).toMatch(/--json/);
    expect(stdout).toMatch(/^Exit codes: 0 .*2 /m);
  },
);

describe('init', () => {
  test('what it writes lints clean, and its tests pass', async () => {
    const lint = await cli('policy', 'lint', policy);
    expect([lint.code, lint.stderr]).toEqual([0, '']);
    expect(lint.stdout).toContain('nothing found');
    const run = await cli('policy', 'test', cases);
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('8 passed, 0 failed')]);
  });

  test('it does not overwrite, and writes neither file where one is there', async () => {
    const taken = written('taken.yaml', 'mine');
    const { code, stderr } = await cli('policy', 'init', taken);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is there already')]);
    expect(readFileSync(taken, 'utf8')).toBe('mine');
    expect(existsSync(join(folder, 'taken.test.yaml'))).toBe(false);
  });
});

describe('lint', () => {
  test('findings have their place, a fix and a page, and end with 1', async () => {
    const path = edited('wrong.yaml', 'risk: medium', 'rsk: medium');
    const { code, stdout } = await cli('policy', 'lint', path);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /wrong\.yaml:17:5 unknown-member `actions\.file\.write\.rsk` is not known/,
    );
    expect(stdout).toContain('  fix: ');
    expect(stdout).toContain('  see: docs/policy-findings.md#unknown-member');
    const json = await cli('policy', 'lint', path, '--json');
    expect(jsonLines(json.stdout)).toMatchObject([
      { file: path, line: 17, column: 5, code: 'unknown-member', severity: 'error' },
    ]);
  });

  test('warnings end with 1 as well, and are told from errors', async () => {
    const path = edited('idle.yaml', 'autoApprove: [', 'autoApprove: [order.delete, ');
    const { code, stdout } = await cli('policy', 'lint', path);
    expect([code, stdout]).toEqual([1, expect.stringContaining('warning tier-overridden')]);
  });

  test('a file that is not there, or is no UTF-8, ends with 2', async () => {
    expect((await cli('policy', 'lint', join(folder, 'gone.yaml'))).code).toBe(2);
    writeFileSync(join(folder, 'bytes.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    expect((await cli('policy', 'lint', join(folder, 'bytes.yaml'))).code).toBe(2);
  });

  test('what a hostile author wrote does not reach the terminal', async () => {
    const path = written(
      'hostile.yaml',
      `format: 1\nversion: 1\nactions: {a: {}}\n${JSON.stringify(hostile)}: 1\n`,
    );
    const { stdout } = await cli('policy', 'lint', path);
    expect(stdout).toContain('unknown-member');
    expect(stdout).not.toMatch(/[\u001b\u0007\u202e\u009b\r]/);
    expect(stdout).not.toMatch(/^FAKE/m);
  });
});

describe('lint --tools', () => {
  const declared = (type: string): string =>
    `- { name: refund, action: order.refund, inputSchema: { properties: { amount: ${type} } } }\n`;

  test('conditions are held against the schemas of the tools in the file', async () => {
    const right = written('tools.yaml', declared('{ type: string }'));
    const clean = await cli('policy', 'lint', policy, '--tools', right);
    expect([clean.code, clean.stdout]).toEqual([0, expect.stringContaining('nothing found')]);
    const wrong = written('wrong-tools.yaml', declared('{ type: boolean }'));
    const { code, stdout } = await cli('policy', 'lint', policy, '--tools', wrong, '--json');
    expect(code).toBe(1);
    expect(jsonLines(stdout)[0]).toMatchObject({
      file: policy,
      code: 'argument-type',
      severity: 'error',
      page: 'docs/policy-findings.md#argument-type',
    });
  });

  test('a file of tools that is none ends with 2', async () => {
    const misspelt = written('misspelt.yaml', declared('true').replace('inputSchema', 'schema'));
    const { code, stderr } = await cli('policy', 'lint', policy, '--tools', misspelt);
    expect([code, stderr]).toEqual([2, expect.stringContaining('unknown-member `[0].schema`')]);
    const gone = await cli('policy', 'lint', policy, '--tools', join(folder, 'gone.yaml'));
    expect(gone.code).toBe(2);
  });
});

describe('test', () => {
  test('a case that fails says how, and ends with 1', async () => {
    const failing = written(
      'failing.yaml',
      readFileSync(cases, 'utf8').replace('{ effect: steer,', '{ effect: allow,'),
    );
    const report = join(folder, 'report.xml');
    const { code, stdout } = await cli('policy', 'test', failing, '--junit', report);
    expect([code, stdout]).toEqual([1, expect.stringContaining('7 passed, 1 failed')]);
    expect(stdout).toContain('effect: expected `allow`, got `steer`');
    expect(readFileSync(report, 'utf8')).toContain('tests="8" failures="1"');
  });

  test('--json prints each case; a file that cannot be used ends with 2', async () => {
    const { stdout } = await cli('policy', 'test', cases, '--json');
    expect(jsonLines(stdout)).toHaveLength(8);
    expect(jsonLines(stdout)[0]).toMatchObject({ passed: true, verdict: { effect: 'allow' } });
    const lost = written('lost.yaml', 'policy: ./gone.yaml\ncases: []\n');
    const { code, stderr } = await cli('policy', 'test', cases, lost);
    expect([code, stderr]).toEqual([2, expect.stringContaining('lost.yaml:2:1 case-invalid')]);
  });
});

describe('explain', () => {
  const request = { action: 'order.refund', resource: 'order/1', arguments: { amount: '20' } };

  test('says what determined the outcome and what would alter it', async () => {
    const { code, stdout } = await cli(
      'policy',
      'explain',
      policy,
      '--request',
      JSON.stringify(request),
    );
    expect(code).toBe(0);
    expect(stdout).toContain('order.refund: require-approval (approval-required)');
    expect(stdout).toContain('arguments.amount: "20" -> "500.01" gives deny (policy-denied)');
  });

  test('a request may be in a file, and the answer JSON', async () => {
    const file = written('request.json', JSON.stringify(request));
    const { stdout } = await cli('policy', 'explain', policy, '--request', `@${file}`, '--json');
    expect(jsonLines(stdout)).toMatchObject([{ verdict: { effect: 'require-approval' } }]);
  });

  test.each([
    ['{', 'is not JSON'],
    ['{}', '`action` of the request must be a text'],
    ['{"action":"x","argments":{}}', '`argments` of the request is not known'],
  ])('%s ends with 2', async (text, says) => {
    const { code, stderr } = await cli('policy', 'explain', policy, '--request', text);
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
  });
});

describe('diff', () => {
  test('the same policy ends with 0, another one with 1 and an example', async () => {
    expect((await cli('policy', 'diff', policy, policy)).code).toBe(0);
    const other = edited('other.yaml', 'moreThan: "500.00"', 'moreThan: "100.00"');
    const { code, stdout } = await cli('policy', 'diff', policy, other);
    expect([code, stdout]).toEqual([1, expect.stringContaining('~ rule refund-cap')]);
    expect(stdout).toMatch(/require-approval \(approval-required\) -> deny \(policy-denied/);
    const { stdout: json } = await cli('policy', 'diff', policy, other, '--json');
    expect(jsonLines(json)).toMatchObject([{ same: false, rules: { changed: ['refund-cap'] } }]);
  });

  test('a policy that does not load ends with 2 and says where', async () => {
    const broken = edited('broken.yaml', 'format: 1', 'format: 2');
    const { code, stderr } = await cli('policy', 'diff', policy, broken);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/broken\.yaml:\d+:\d+ wrong-type/)]);
  });
});

describe('replay', () => {
  const log = join(folder, 'control-plane.db');
  const candidate = (tier: string): string =>
    written(
      `${tier}.yaml`,
      `{ format: 1, version: 9, actions: { order.read: {}, order.refund: { risk: high } },
        tiers: { ${tier}: [order.refund], autoApprove: [order.read] } }`,
    );

  beforeAll(() => makeExample(log));

  test('under the policy of its time every decision comes out again, and it ends with 0', async () => {
    const { code, stdout } = await cli('policy', 'replay', log);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^\d+ decisions made again, none differs/),
    ]);
  });

  test('a candidate’s flips are listed by agent and action, and end with 1', async () => {
    const before = readFileSync(log);
    const { code, stdout } = await cli('policy', 'replay', log, '--policy', candidate('blocked'));
    expect([code, stdout]).toEqual([1, expect.stringContaining('bot order.refund: 1\n')]);
    expect(stdout).toMatch(/^ +\d+ {2}order\/o-3 {2}require-approval -> deny: /m);
    expect(stdout).toMatch(/decisions made again, 1 differ; 1 never reached the policy/);
    expect(readFileSync(log).equals(before)).toBe(true);
    const same = await cli('policy', 'replay', log, '--policy', candidate('alwaysApprove'));
    expect(same.code).toBe(0);
  });

  test('--json prints each flip, then the whole', async () => {
    const words = ['policy', 'replay', log, '--policy', candidate('blocked'), '--json'];
    const [flip, report, ...more] = jsonLines((await cli(...words)).stdout);
    expect(flip).toMatchObject({ agent: 'bot', action: 'order.refund', after: 'deny' });
    expect(report).toMatchObject({ flips: 1, notAsked: 1, erased: 0 });
    expect(more).toEqual([]);
  });

  test('a log that is not there, or a policy that does not load, ends with 2', async () => {
    expect((await cli('policy', 'replay', join(folder, 'gone.db'))).code).toBe(2);
    const broken = edited('no-candidate.yaml', 'format: 1', 'format: 2');
    expect((await cli('policy', 'replay', log, '--policy', broken)).code).toBe(2);
  });
});
