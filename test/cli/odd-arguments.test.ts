/** Arguments that are given twice, are empty, or can be nothing: refused, with 2, and nothing is done. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { asOperator, type Desk, makeDesk } from './desk.ts';
import { cli, jsonLines, scratch } from './run-cli.ts';

const folder = scratch();
let desk: Desk;

beforeAll(async () => {
  desk = await makeDesk(join(folder, 'desk.db'), [{ orderId: 'o-1', note: '' }]);
});

const lists = [
  'kill list',
  'keys list',
  'grants list',
  'agents list',
  'tickets list',
  'budgets',
  'usage',
].map((each) => each.split(' '));

test.each(lists.map((words) => [words.join(' '), words] as const))(
  '%s finds nothing of what can be no org, and says so',
  async (_, words) => {
    for (const org of ['', 'a b', 'acme/x']) {
      const { code, stdout, stderr } = await cli(...words, desk.path, '--org', org);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('It must be the name of an org');
    }
    expect((await cli(...words, desk.path, '--org', 'acme')).code).toBe(0);
  },
);

test('an API key for what can be no org, or an agent of one, is not asked for', async () => {
  const issue = ['keys', 'issue', desk.path, '--principal', 'user:x', '--role', 'agent'];
  expect((await cli(...issue, '--org', '', ...asOperator)).code).toBe(2);
  const suspend = ['agents', 'suspend', desk.path, 'bot', '--reason', 'x', '--org', ''];
  expect((await cli(...suspend, ...asOperator)).code).toBe(2);
});

// Nothing listens at port 9: whoever connected first would say so.
const database = 'postgres://owner@127.0.0.1:9/agents';

test.each([
  ['mcp --policy POLICY --log= -- cat', 'It must be the name of a log'],
  ['events FILE --log=', 'It must be the name of a log'],
  ['mcp inspect FILE --agent=', 'It must be the name of an agent'],
  ['mcp inspect FILE --principal=', 'It must be the id of a principal'],
  ['mcp inspect FILE --principal=a\u00a0b', 'It must be the id of a principal'],
  ['policy explain POLICY --request {"action":""}', '`action` of the request is empty'],
  [
    'policy explain POLICY --request {"action":"a","agent":""}',
    '`agent` of the request can be no name',
  ],
  ['prices FILE --model=', '`--model` is empty'],
  [`postgres grant-worker ${database} EMPTY`, 'the role is empty'],
  [`postgres grant-reader ${database} EMPTY acme`, 'the role is empty'],
])('%s: an empty name is refused, and nothing is done', async (line, sentence) => {
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, JSON.stringify({ format: 1, version: 1, name: 'p', actions: { a: {} } }));
  const given: Readonly<Record<string, string>> = { FILE: desk.path, POLICY: policy, EMPTY: '' };
  const words = line.split(' ').map((word) => given[word] ?? word);
  const { code, stdout, stderr } = await cli(...words.map((word) => word.replace('\u00a0', ' ')));
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(sentence);
});

test('entries of what can be no session are not printed', async () => {
  const { code, stderr } = await cli('events', desk.path, '--session', '');
  expect([code, stderr]).toEqual([2, expect.stringContaining('It must be the id of a session')]);
});

test.each([
  ['--as', ['kill', 'engage', 'FILE', 'org:acme', '--reason', 'x', '--as', 'zeta/user:eve']],
  ['--reason', ['kill', 'engage', 'FILE', 'org:acme', '--reason', 'x', '--reason', 'y']],
  ['--org', ['kill', 'list', 'FILE', '--org', 'acme', '--org', 'zeta']],
  ['--limit', ['events', 'FILE', '--limit', '1', '--limit', '2']],
  ['--log', ['events', 'FILE', '--log', 'main', '--log', 'main']],
  ['--anchor', ['verify', 'FILE', '--anchor', 'a.json', '--anchor', 'b.json']],
])('%s given twice is refused: neither is guessed', async (flag, words) => {
  const acts = words.includes('--reason') ? asOperator : [];
  const line = [...words.map((word) => (word === 'FILE' ? desk.path : word)), ...acts];
  const { code, stdout, stderr } = await cli(...line);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(new RegExp(`^error: option '${flag} .*' is given twice`));
  expect((await cli('kill', 'list', desk.path)).stdout).toBe('no kill switch is engaged\n');
});

test.each([
  ['--policy', ['mcp', '--policy', 'policy.yaml', 'inspect', 'FILE']],
  ['--store', ['mcp', '--store', 'other.db', 'doctor', 'FILE']],
  ['--agent', ['mcp', '--agent', 'bot', 'init', '--config', 'gateway.yaml']],
])('%s of another command, which would heed nothing, is refused', async (flag, words) => {
  const { code, stdout, stderr } = await cli(
    ...words.map((word) => (word === 'FILE' ? desk.path : word)),
  );
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(new RegExp(`^error: option '${flag} .*' has no effect on '`));
});

test('what collects may be given several times', async () => {
  const types = ['--type', 'agent-registered', '--type', 'policy-activated'];
  const { code, stdout } = await cli('events', desk.path, ...types, '--json');
  expect(code).toBe(0);
  const found = new Set(jsonLines<{ type: string }>(stdout).map(({ type }) => type));
  expect([...found].toSorted()).toEqual(['agent-registered', 'policy-activated']);
});

test('a unit has one most that later calls may cost', async () => {
  const approve = ['tickets', 'approve', desk.path, 'a', '--grant-cost', 'usd=1'];
  const { code, stderr } = await cli(...approve, '--grant-cost', 'usd=500', ...asOperator);
  expect([code, stderr]).toEqual([2, expect.stringContaining('`usd` has one amount')]);
});

test.each(['--grant-action', '--grant-uses', '--grant-until'])(
  'a grant without %s is refused, and nothing of it is guessed',
  async (missing) => {
    const all = [
      ['--grant-action', 'order.refund'],
      ['--grant-uses', '1'],
      ['--grant-until', '8h'],
    ];
    const given = all.filter(([option]) => option !== missing).flat();
    const approve = ['tickets', 'approve', desk.path, 'a', ...given, ...asOperator];
    const { code, stdout, stderr } = await cli(...approve);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('a grant needs --grant-action, --grant-uses and --grant-until');
  },
);

test.each(['model,model', 'org,org', 'day, model,day'])(
  'usage by %j is refused: a column would be there twice',
  async (names) => {
    const { code, stdout, stderr } = await cli('usage', desk.path, '--by', names);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: `--by` names `\w+` twice\n/);
  },
);

test.each(['-1', '1e9', '', ' 1', '0x1', '1.5', '99999999999999999'])(
  '%j is no number of entries',
  async (count) => {
    for (const option of ['--limit', '--from']) {
      const { code, stderr } = await cli('events', desk.path, option, count);
      expect([code, stderr]).toEqual([2, expect.stringContaining('It must be a whole number')]);
    }
  },
);

test.each(['verify', 'events', 'sessions list', 'tickets list', 'usage', 'mcp inspect'])(
  '%s says with --json what is wrong as an object, and names the file once',
  async (command) => {
    const path = join(folder, 'text.txt');
    writeFileSync(path, 'hello');
    const { code, stdout, stderr } = await cli(...command.split(' '), path, '--json');
    const message = `\`${path}\` is not a control plane's file: the file has 5 bytes`;
    expect([code, jsonLines(stdout)]).toMatchObject([2, [{ error: { message } }]]);
    expect(stderr).toContain(message);
  },
);

test.each(['verify', 'sessions list', 'usage'])(
  '%s: a path that cannot be looked at is no fault of ours',
  async (command) => {
    const path = join(folder, `${command}.db`);
    symlinkSync(path, path);
    const { code, stdout, stderr } = await cli(...command.split(' '), path, '--json');
    const message = expect.stringContaining(`\`${path}\` cannot be read: ELOOP`) as string;
    expect([code, jsonLines(stdout)]).toMatchObject([2, [{ error: { message } }]]);
    expect(stderr).toMatch(/^error: `.*` cannot be read: ELOOP.*\n$/);
  },
);

test('a fault of ours is an object with --json, too', async () => {
  // No shell can give this name, so that nothing looks for it before the store does.
  const { code, stdout, stderr } = await cli('events', desk.path, '--log=\u0000', '--json');
  const message = expect.stringMatching(/^internal error: /) as string;
  const help = expect.stringContaining('please report it') as string;
  expect([code, jsonLines(stdout)]).toEqual([2, [{ error: { message, help } }]]);
  expect(stderr).toMatch(/^error: internal error: .*\nhelp: .* please report it\n$/);
});

test.each([
  ['events FILE --jsn --json', "unknown option '--jsn'", 'did you mean --json?'],
  ['events --json', "missing required argument 'file'", undefined],
  ['verify FILE FILE --json', 'too many arguments', undefined],
  ['sessions lst FILE --json', "unknown command 'lst'", 'did you mean list?'],
  ['events FILE --limit=-1 --json', 'It must be a whole number', undefined],
  ['events FILE --limit=1 --limit=2 --json', 'is given twice', undefined],
  ['keys issue FILE --json', 'required option', undefined],
  ['mcp --bogus --json -- prog', "unknown option '--bogus'", undefined],
  ['help --json', "unknown option '--json'", undefined],
  [`verify FILE ${database.replace('owner', 'owner:hush')} --json`, '//…@127.0.0.1', undefined],
])(
  '%s: a line that is not understood is an object with --json, too',
  async (line, sentence, help) => {
    const words = line.split(' ').map((word) => (word === 'FILE' ? desk.path : word));
    const { code, stdout, stderr } = await cli(...words);
    const [printed, ...more] = jsonLines<{ error: { message: string; help: string } }>(stdout);
    expect([code, more]).toEqual([2, []]);
    expect(printed?.error.message).toContain(sentence);
    expect(printed?.error.message).not.toMatch(/^error|\n/);
    expect(printed?.error.help).toBe(help ?? 'run it with `--help` to see what it takes');
    expect(`${stdout}${stderr}`).not.toContain('hush');
    expect(stderr).toMatch(/^error: .*\n/);
    const behind = await cli(...words.filter((word) => word !== '--json'), '--', '--json');
    expect([behind.code, behind.stdout]).toEqual([2, '']);
  },
);

test('a `--json` of the program behind `--` puts nothing of ours on its standard output', async () => {
  const { code, stdout, stderr } = await cli('mcp', '--policy', '/no/such', '--', 'prog', '--json');
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('/no/such');
});

test.each([
  ['help kill engage', 0, 'Usage: agent-control-plane kill engage [options] <file> <scope...>'],
  ['help kill', 0, 'Usage: agent-control-plane kill [options] [command]'],
  ['help', 0, 'Usage: agent-control-plane [options] [command]'],
  ['help kill enage', 2, "error: unknown command 'enage'"],
])('%s: help is to be had on a command however deep', async (line, code, start) => {
  const { stdout, stderr, ...ended } = await cli(...line.split(' '));
  expect([ended.code, (stdout + stderr).split('\n')[0]]).toEqual([code, start]);
});
