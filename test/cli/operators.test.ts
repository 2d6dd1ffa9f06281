/** `kill`, `agents` and `sessions`: what an operator does to a running installation, in words and in JSON. */
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { asAdmin, asApprover, asHost, asOperator, type Desk, makeDesk } from './desk.ts';
import { cli, hostile, jsonLines, scratch } from './run-cli.ts';

const folder = scratch();
const because = ['--reason', hostile] as const;
let count = 0;
let desk: Desk;

beforeEach(async () => {
  desk = await makeDesk(join(folder, `desk-${(count += 1)}.db`), [{ orderId: 'o-1', note: '' }]);
});

describe('kill', () => {
  test('one bad target of three: two are engaged, the third is told, and it ends with 1', async () => {
    const scopes = ['tool:acme/refund', 'tool:acme', 'agent:acme/bot'];
    const words = ['kill', 'engage', desk.path, ...scopes, ...because, ...asOperator];
    const { code, stdout, stderr } = await cli(...words);
    expect([code, stdout]).toEqual([1, 'tool:acme/refund engaged\nagent:acme/bot engaged\n']);
    expect(stderr).toMatch(
      /^error: tool:acme was not engaged: `tool:acme` is no scope of the kill switch\nhelp: write system, .*\n$/,
    );
    const list = await cli('kill', 'list', desk.path);
    expect(list.stdout).toMatch(/^scope +state +since +by +entry$/m);
    expect(list.stdout).toMatch(/^tool:acme\/refund .* user:olga +\d+$/m);
    expect(list.stdout).toMatch(/^agent:acme\/bot /m);
  });

  test('--json has a line for each target, and what is refused among them', async () => {
    const words = ['kill', 'engage', desk.path, 'system', 'org:acme', 'org:zeta'];
    const { code, stdout } = await cli(...words, ...because, ...asOperator, '--json');
    expect(code).toBe(1);
    expect(jsonLines(stdout)).toEqual([
      { scope: 'system', error: expect.objectContaining({ code: 'permission-denied' }) as unknown },
      expect.objectContaining({ scope: 'org:acme', engaged: true, by: 'user:olga' }),
      {
        scope: 'org:zeta',
        error: expect.objectContaining({ code: 'permission-denied' }) as unknown,
      },
    ]);
    const all = await cli('kill', 'engage', desk.path, 'system', 'org:zeta', ...because, ...asHost);
    expect(all.code).toBe(0);
    const ofOrg = await cli('kill', 'list', desk.path, '--org', 'acme', '--json');
    expect(jsonLines(ofOrg.stdout).map(({ scope }) => scope)).toEqual(['org:acme', 'system']);
  });

  test('a name that nothing bears is engaged, and whoever misspelt it is warned', async () => {
    const words = ['kill', 'engage', desk.path, 'agent:acme/bott', 'agent:acme/bot', ...because];
    const { code, stdout, stderr } = await cli(...words, ...asOperator);
    expect([code, stdout]).toEqual([0, 'agent:acme/bott engaged\nagent:acme/bot engaged\n']);
    expect(stderr).toBe(
      'warning: nothing in the log is called agent:acme/bott yet: look whether it is spelt so\n',
    );
    const json = await cli(...words, ...asOperator, '--json');
    expect(jsonLines(json.stdout).map(({ scope, known }) => [scope, known])).toEqual([
      ['agent:acme/bott', false],
      ['agent:acme/bot', undefined],
    ]);
  });

  test('a target that is named twice is one', async () => {
    const words = [desk.path, 'org:acme', 'org:acme', ...because, ...asOperator];
    const engaged = await cli('kill', 'engage', ...words);
    expect([engaged.code, engaged.stdout]).toEqual([0, 'org:acme engaged\n']);
    const released = await cli('kill', 'release', ...words);
    expect([released.code, released.stdout]).toEqual([0, 'org:acme released\n']);
  });

  test('list has them in their order, what is on probation and what is of every org too', async () => {
    const words = [...because, ...asHost] as const;
    const scopes = ['tool:acme/refund', 'model:*/large', 'agent:acme/bot', 'org:zeta'];
    await cli('kill', 'engage', desk.path, ...scopes, ...words);
    const supervised = ['release', desk.path, 'tool:acme/refund', '--supervised'];
    // Whoever reads that it is released, and no more, wonders why approvers are asked.
    expect((await cli('kill', ...supervised, ...words)).stdout).toBe(
      'tool:acme/refund released, under supervision\n',
    );
    const listed = async (...more: readonly string[]) => {
      const { stdout } = await cli('kill', 'list', desk.path, '--json', ...more);
      return jsonLines(stdout).map(({ scope, engaged }) => [scope, engaged]);
    };
    const ofAcme = [
      ['tool:acme/refund', false],
      ['model:*/large', true],
      ['agent:acme/bot', true],
    ];
    expect(await listed('--org', 'acme')).toEqual(ofAcme);
    expect(await listed()).toEqual([...ofAcme, ['org:zeta', true]]);
    expect((await cli('kill', 'list', desk.path)).stdout).toMatch(
      /^tool:acme\/refund +supervised /m,
    );
  });

  test('release ends it, and what is not engaged cannot be released', async () => {
    await cli('kill', 'engage', desk.path, 'org:acme', ...because, ...asOperator);
    const words = ['kill', 'release', desk.path, 'org:acme', ...because, ...asOperator];
    const released = await cli(...words);
    expect([released.code, released.stdout]).toEqual([0, 'org:acme released\n']);
    expect((await cli('kill', 'list', desk.path)).stdout).toBe('no kill switch is engaged\n');
    const again = await cli(...words);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('latch-not-engaged')]);
  });

  test('a reason is needed', async () => {
    const { code, stderr } = await cli('kill', 'engage', desk.path, 'system', ...asHost);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--reason')]);
  });
});

describe('agents', () => {
  test('list has each with its state, owner and what it may ask for', async () => {
    const { code, stdout } = await cli('agents', 'list', desk.path);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^agent +version +status +owner +may ask for$/m);
    expect(stdout).toMatch(/^\*\/clerk +2 +enabled +user:olga +\*\*$/m);
    const json = await cli('agents', 'list', desk.path, '--json', '--org', 'acme');
    expect(jsonLines(json.stdout).map(({ name }) => name)).toEqual(['bot', 'clerk']);
  });

  test('suspend, reinstate and revoke; a revoked one stays so', async () => {
    const order = async (verb: string, ...who: readonly string[]) =>
      cli('agents', verb, desk.path, 'bot', ...because, ...who);
    expect((await order('suspend', ...asHost)).stdout).toBe('agent */bot is suspended\n');
    expect((await cli('agents', 'list', desk.path)).stdout).toMatch(/^\*\/bot .* suspended /m);
    expect((await order('reinstate', ...asHost, '--json')).stdout).toContain('"status":"enabled"');
    expect((await order('revoke', ...asHost)).stdout).toBe('agent */bot is revoked\n');
    const back = await order('reinstate', ...asHost);
    expect([back.code, back.stderr]).toEqual([1, expect.stringContaining('transition-illegal')]);
    const others = await cli('agents', 'suspend', desk.path, 'clerk', ...because, ...asAdmin);
    expect([others.code, others.stdout]).toEqual([1, '']);
    expect(others.stderr).toMatch(/^error: permission-denied: /);
  });
});

describe('sessions', () => {
  test('show has its state, tickets and budgets', async () => {
    const { code, stdout } = await cli('sessions', 'show', desk.path, desk.session);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^status +active$/m);
    expect(stdout).toMatch(new RegExp(`^tickets +${desk.tickets[0]}$`, 'm'));
    expect(stdout).toMatch(/^on behalf of +nobody$/m);
    const json = await cli('sessions', 'show', desk.path, desk.session, '--json');
    expect(jsonLines(json.stdout)).toEqual([
      expect.objectContaining({ id: desk.session, tickets: desk.tickets, ancestors: [] }),
    ]);
    const none = await cli('sessions', 'show', desk.path, 'nobody');
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('there is no session')]);
  });

  test('pause, resume and abort, and the reason is in the log', async () => {
    const order = async (verb: string, ...more: readonly string[]) =>
      cli('sessions', verb, desk.path, desk.session, ...because, ...asOperator, ...more);
    expect((await order('pause')).stdout).toBe(`session ${desk.session} is paused\n`);
    expect((await order('resume')).stdout).toBe(`session ${desk.session} is active\n`);
    const aborted = await order('abort', '--json');
    expect(jsonLines(aborted.stdout)).toEqual([{ id: desk.session, status: 'aborted' }]);
    const again = await order('pause');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('transition-illegal')]);
    const log = await cli('events', desk.path, '--type', 'session-transitioned', '--json');
    expect(jsonLines<{ contents: object }>(log.stdout).at(-1)?.contents).toEqual({
      reason: hostile,
    });
  });

  test('who may not is refused', async () => {
    const words = ['sessions', 'abort', desk.path, desk.session, ...because];
    const { code, stderr } = await cli(...words, ...asApprover);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: [a-z-]+: /)]);
    expect((await cli('sessions', 'list', desk.path)).stdout).toContain(' active ');
  });
});

describe('what nobody has', () => {
  test('lists say so, and are empty for programs', async () => {
    const rows = [
      ['keys', 'no keys'],
      ['kill', 'no kill switch is engaged'],
    ] as const;
    for (const [name, says] of rows) {
      expect((await cli(name, 'list', desk.path)).stdout).toBe(`${says}\n`);
      expect((await cli(name, 'list', desk.path, '--json')).stdout).toBe('');
    }
  });
});
