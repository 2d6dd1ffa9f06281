/** `events` and `sessions`: what they print, that it is safe to print, and that programs can read it. */
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LogEvent, openControlPlane, sqlite } from '../../src/index.ts';
import {
  cli,
  type Example,
  hostile,
  jsonLines,
  makeExample,
  scratch,
  startCli,
} from './run-cli.ts';

const folder = scratch();
let example: Example;

beforeAll(async () => {
  example = await makeExample(join(folder, 'example.db'));
});

describe('events', () => {
  test('one line an event, in order: index, time, who, type, summary', async () => {
    const { code, stdout, stderr } = await cli('events', example.path);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    for (const [index, line] of lines.entries()) {
      expect(line).toMatch(
        new RegExp(`^ *${index}  \\d{4}-\\d\\d-\\d\\dT\\S+Z  \\S+/\\S+ +[a-z-]+  +\\S`),
      );
    }
    expect(stdout).toMatch(/action-decided +read order\/o-1: allow by tier:autoApprove$/m);
    expect(stdout).toMatch(/action-decided +refund order\/o-3: waits for an approver/);
    expect(stdout).toMatch(/action-decided +unheard-of: deny \(tool-unknown\)/);
    expect(stdout).toMatch(/permit-settled +succeeded, used 1 action, 1.5 usd$/m);
    expect(stdout).toMatch(/kill-engaged +tool acme\/read$/m);
  });

  test('nothing in the log can disturb a terminal or fake a line', async () => {
    for (const form of [['--contents'], ['--json']]) {
      const { stdout } = await cli('events', example.path, ...form);
      expect(stdout).toContain('FAKE 99');
      expect(stdout).toContain(String.raw`\u001b[2J`);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(stdout).not.toMatch(/^FAKE/m);
    }
  });

  test('--json gives JSON lines with the exact values, contents included', async () => {
    const { code, stdout } = await cli('events', example.path, '--json', '--type', 'kill-engaged');
    expect(code).toBe(0);
    const [event, ...others] = jsonLines<LogEvent>(stdout);
    expect(others).toEqual([]);
    expect(event?.contents['reason']).toBe(hostile);
    expect(event?.by).toMatchObject({ id: 'service:desk', org: 'acme' });
  });

  test('--session, --type, --from and --limit choose', async () => {
    const [, open = ''] = example.sessions;
    const words = ['events', example.path, '--json'];
    const ofSession = jsonLines<LogEvent>((await cli(...words, '--session', open)).stdout);
    expect(ofSession.every(({ session }) => session === open)).toBe(true);
    expect(ofSession.map(({ sequence }) => sequence)).toEqual(ofSession.map((_, at) => at + 1));
    const types = ['--type', 'action-decided', '--type', 'permit-settled'];
    const ofTypes = jsonLines<LogEvent>((await cli(...words, ...types)).stdout);
    expect(new Set(ofTypes.map(({ type }) => type))).toEqual(
      new Set(['action-decided', 'permit-settled']),
    );
    const page = jsonLines<LogEvent>((await cli(...words, '--from', '3', '--limit', '2')).stdout);
    expect(page.map(({ index }) => index)).toEqual([3, 4]);
  });

  test('the secret of a session is never shown', async () => {
    const { stdout } = await cli('events', example.path, '--json', '--type', 'session-opened');
    for (const { contents } of jsonLines<LogEvent>(stdout))
      expect(contents).not.toHaveProperty('secret');
  });

  test('--follow prints what is appended later, by another process', async () => {
    const path = join(folder, 'followed.db');
    await makeExample(path);
    const child = startCli(['events', path, '--follow', '--json', '--type', 'agent-registered']);
    let seen = '';
    child.stdout.on('data', (chunk) => (seen += String(chunk)));
    await expect.poll(() => seen, { timeout: 200_000 }).toContain('"bot"');
    const plane = await openControlPlane({ storage: sqlite(path), agents: ['late-comer'] });
    await expect.poll(() => seen, { timeout: 200_000 }).toContain('"late-comer"');
    await plane.close();
    child.kill('SIGINT');
    await once(child, 'close');
    expect(jsonLines(seen)).toHaveLength(2);
  });

  test('a reader that has enough ends it quietly', async () => {
    const path = join(folder, 'long.db');
    const agents = Array.from({ length: 400 }, (_, number) => `agent-${number}`);
    const plane = await openControlPlane({ storage: sqlite(path) });
    await Promise.all(agents.map((name) => plane.registerAgent(name)));
    await plane.close();
    const child = startCli(['events', path, '--json', '--follow']);
    const closed = once(child, 'close') as Promise<[number]>;
    let complaint = '';
    child.stderr.on('data', (chunk) => (complaint += String(chunk)));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await closed;
    expect([code, complaint]).toEqual([2, '']);
  });
});

describe('sessions', () => {
  test('a table of who works on what, with used/limit and pending tickets', async () => {
    const { code, stdout } = await cli('sessions', 'list', example.path);
    expect(code).toBe(0);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(
      /^session +agent +principal +mode +status +opened +entries +tickets +used\/limit$/,
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/bot +acme\/service:desk +live +completed .* 4 +0 +no limits$/);
    expect(rows[1]).toMatch(/live +active .* 1 +1\/5 actions, 1\.5\/10 usd$/);
  });

  test('--json and --status', async () => {
    const { stdout } = await cli('sessions', 'list', example.path, '--json', '--status', 'active');
    const [session, ...others] = jsonLines(stdout);
    expect(others).toEqual([]);
    expect(session).toMatchObject({
      id: example.sessions[1],
      org: 'acme',
      status: 'active',
      pendingTickets: 1,
      budgets: {
        usd: { limit: '10', posted: '1.5', reserved: '0', available: '8.5', frozen: false },
      },
    });
    expect((await cli('sessions', 'list', example.path, '--status', 'aborted')).stdout).toBe(
      'no sessions\n',
    );
    expect(
      (await cli('sessions', 'list', example.path, '--status', 'aborted', '--json')).stdout,
    ).toBe('');
  });
});
