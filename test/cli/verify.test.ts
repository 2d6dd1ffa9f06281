/** `verify` on good, tampered, foreign and missing files, as a user runs it. */
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { openControlPlane, sqlite } from '../../src/index.ts';
import { cli, doctor, makeExample, scratch, startCli, tamper } from './run-cli.ts';

const folder = scratch();
const good = join(folder, 'good.db');
let copies = 0;

function copyOfGood(): string {
  copies += 1;
  const path = join(folder, `copy-${copies}.db`);
  copyFileSync(good, path);
  return path;
}

/** The entry that decided the first allowed call. */
function decisionIndex(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database
    .prepare(`SELECT min(idx) AS idx FROM entry WHERE body LIKE '%"outcome":"allow"%'`)
    .get();
  database.close();
  return Number(row?.['idx']);
}

interface Erasure {
  readonly checked: { readonly contents: number };
  readonly erased?: { readonly contents: number; readonly first: number };
}

interface VerifyJson {
  readonly holds: boolean;
  readonly checked: { readonly entries: number };
  readonly head: { readonly size: number; readonly root: string };
  readonly faults: readonly { readonly index?: number; readonly code: string }[];
  readonly badEntry?: { readonly type: string; readonly session: string };
}

beforeAll(async () => {
  await makeExample(good);
});

describe('a log that holds', () => {
  test('is said to hold, with what was checked and the head, and the file stays as it was', async () => {
    const before = readFileSync(good);
    const { code, stdout, stderr } = await cli('verify', good);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^log `main` in .*good\.db holds$/m);
    expect(stdout).toMatch(/entries +\d+: chain/);
    expect(stdout).toMatch(/root +[0-9a-f]{64}/);
    expect(readFileSync(good)).toEqual(before);
  });

  test('is not said to hold to a script whose reader went away', async () => {
    const child = startCli(['verify', good]);
    child.stdout.destroy();
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(2);
  });

  test('continues the head that was exported from it earlier', async () => {
    const path = copyOfGood();
    const anchor = join(folder, 'anchor.json');
    expect((await cli('verify', path, '--export-head', anchor)).code).toBe(0);
    const head = JSON.parse(readFileSync(anchor, 'utf8')) as Record<string, unknown>;
    expect(Object.keys(head)).toEqual(['log', 'size', 'root']);
    const plane = await openControlPlane({ storage: sqlite(path), agents: ['another'] });
    await plane.close();
    const { code, stdout } = await cli('verify', path, '--anchor', anchor, '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as VerifyJson & { readonly anchor: unknown };
    expect(report.holds).toBe(true);
    expect(report.anchor).toEqual(head);
    expect(report.head.size).toBeGreaterThan(head['size'] as number);
    const again = await cli('verify', path, '--export-head', anchor);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('not overwritten')]);
  });

  test('holds while somebody writes to it', async () => {
    const path = copyOfGood();
    const plane = await openControlPlane({ storage: sqlite(path) });
    const stop = new AbortController();
    const writer = (async () => {
      for (let number = 0; !stop.signal.aborted; number += 1) {
        await plane.registerAgent(`agent-${number}`);
        await sleep(50);
      }
    })();
    const { code, stdout } = await cli('verify', path, '--json');
    stop.abort();
    await writer;
    await plane.close();
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as VerifyJson).holds).toBe(true);
  });
});

describe('a log that does not hold', () => {
  test('a changed entry is named, with what the file says of it', async () => {
    const path = copyOfGood();
    const index = decisionIndex(path);
    tamper(path, index, 'order/o-1', 'order/o-9');
    const { code, stdout } = await cli('verify', path);
    expect(code).toBe(1);
    expect(stdout).toContain('DOES NOT HOLD');
    expect(stdout).toContain(`first bad entry: ${index} (leaf-mismatch)`);
    expect(stdout).toMatch(/action-decided, \d{4}-\d\d-\d\dT.*, session /);
    const json = await cli('verify', path, '--json');
    expect(json.code).toBe(1);
    const report = JSON.parse(json.stdout) as VerifyJson;
    expect(report.faults[0]).toMatchObject({ index, code: 'leaf-mismatch' });
    expect(report.checked.entries).toBe(index);
    expect(report.badEntry).toMatchObject({ index, type: 'action-decided' });
  });

  test('of an entry that is gone, the one after it is not shown in its place', async () => {
    const path = copyOfGood();
    const index = decisionIndex(path);
    doctor(path, `DELETE FROM entry WHERE idx = ${index}`, 'entry_never_goes');
    const { code, stdout } = await cli('verify', path, '--json');
    expect(code).toBe(1);
    const { faults, badEntry } = JSON.parse(stdout) as VerifyJson;
    expect(faults[0]).toMatchObject({ index });
    expect(badEntry).toBeUndefined();
  });

  test('where the trigger is still gone, the entry is named and so is the trigger', async () => {
    const path = copyOfGood();
    const index = decisionIndex(path);
    tamper(path, index, 'order/o-1', 'order/o-9');
    doctor(path, 'DROP TRIGGER entry_never_changes');
    const before = readFileSync(path);
    const { code, stdout } = await cli('verify', path);
    expect(code).toBe(1);
    expect(stdout).toContain(`first bad entry: ${index} (leaf-mismatch)`);
    expect(stdout).toContain('entry_never_changes is missing');
    expect(readFileSync(path)).toEqual(before);
  });

  test('the same through a link, of a log that is being written', async () => {
    const path = copyOfGood();
    const index = decisionIndex(path);
    // Whoever has read once keeps the write-ahead log from being written into the file.
    const writer = new DatabaseSync(path);
    writer.prepare('SELECT count(*) FROM entry').get();
    try {
      tamper(path, index, 'order/o-1', 'order/o-9');
      writer.exec('DROP TRIGGER entry_never_changes');
      const link = `${path}.link`;
      symlinkSync(path, link);
      const { code, stdout } = await cli('verify', link);
      expect(code).toBe(1);
      expect(stdout).toContain(`first bad entry: ${index} (leaf-mismatch)`);
      expect(stdout).toContain('entry_never_changes is missing');
    } finally {
      writer.close();
    }
  });

  test('a trigger that is gone is a fault, even where no entry was changed', async () => {
    const path = copyOfGood();
    doctor(path, 'DROP TRIGGER entry_never_goes');
    const { code, stdout } = await cli('verify', path, '--json');
    expect(code).toBe(1);
    const { faults } = JSON.parse(stdout) as VerifyJson;
    expect(faults.map((fault) => fault.code)).toEqual(['schema-altered']);
  });

  test('somebody at a terminal hears why it reads the log again to name a record', async () => {
    const record = copyOfGood();
    doctor(record, `UPDATE record SET parent = 'x' WHERE kind = 'decision' AND live = 0`);
    const heard: string[] = [];
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    stderr.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    const codeBefore = process.exitCode;
    const terminal = { stdout: new PassThrough().resume(), stderr };
    expect(await run(['verify', record], terminal)).toBe(1);
    process.exitCode = codeBefore;
    const said = heard.join('');
    expect(said).toContain('Kentries: ');
    expect(said).toContain('something differs; once more, entries: ');
  });

  test('a changed record and a changed content are found', async () => {
    const record = copyOfGood();
    doctor(
      record,
      `UPDATE record SET value = replace(value, '"limit":10000000', '"limit":90000000')
      WHERE kind = 'budget'`,
    );
    const first = await cli('verify', record);
    expect([first.code, first.stdout]).toEqual([1, expect.stringContaining('record-mismatch')]);
    const content = copyOfGood();
    doctor(content, 'DROP TRIGGER content_is_only_erased');
    doctor(content, `UPDATE content SET text = '{"orderId":"o-9"}' WHERE field = 'arguments'`);
    const second = await cli('verify', content);
    expect([second.code, second.stdout]).toEqual([1, expect.stringContaining('content-mismatch')]);
  });

  test('a log of which contents were erased holds, and how many are gone is said', async () => {
    const path = copyOfGood();
    doctor(path, `UPDATE content SET salt = NULL, text = NULL WHERE field = 'arguments'`);
    const { code, stdout } = await cli('verify', path);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/erased {4}\d+ contents are gone/)]);
    const told = JSON.parse((await cli('verify', path, '--json')).stdout) as Erasure;
    const whole = JSON.parse((await cli('verify', good, '--json')).stdout) as Erasure;
    const gone = whole.checked.contents - told.checked.contents;
    expect(told.erased).toEqual({ contents: gone, first: expect.any(Number) as number });
    expect([gone > 0, whole.erased]).toEqual([true, undefined]);
    // Of a log that does not hold, nobody knows what there should be.
    doctor(path, 'DROP TRIGGER record_never_goes');
    doctor(path, `DELETE FROM record WHERE kind = 'budget'`);
    const bad = await cli('verify', path, '--json');
    expect([bad.code, (JSON.parse(bad.stdout) as Erasure).erased]).toEqual([1, undefined]);
  });

  test('a log that was cut or rewritten does not continue an anchor', async () => {
    const anchor = join(folder, 'rewritten.json');
    await cli('verify', good, '--export-head', anchor);
    const other = join(folder, 'rewritten.db');
    await makeExample(other);
    const rewritten = await cli('verify', other, '--anchor', anchor, '--json');
    expect(rewritten.code).toBe(1);
    expect((JSON.parse(rewritten.stdout) as VerifyJson).faults[0]?.code).toBe('anchor-mismatch');
    const short = join(folder, 'short.db');
    await (await openControlPlane({ storage: sqlite(short), agents: ['bot'] })).close();
    const cut = await cli('verify', short, '--anchor', anchor);
    expect([cut.code, cut.stdout]).toEqual([1, expect.stringContaining('anchor-ahead')]);
  });

  test('its head is not exported', async () => {
    const path = copyOfGood();
    tamper(path, decisionIndex(path), 'order/o-1', 'order/o-9');
    const out = join(folder, 'bad-head.json');
    expect((await cli('verify', path, '--export-head', out)).code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });
});

describe('what cannot be checked', () => {
  test('a missing file, a folder, a foreign database, garbage, a log that is not there', async () => {
    const foreign = join(folder, 'foreign.db');
    doctor(foreign, 'CREATE TABLE notes (text)');
    const garbage = join(folder, 'garbage.db');
    writeFileSync(garbage, 'not a database '.repeat(1_000));
    const rows = [
      { words: [join(folder, 'nowhere.db')], says: 'there is no file' },
      { words: [folder], says: 'is not a file' },
      { words: [foreign], says: "is not a control plane's file" },
      { words: [garbage], says: "is not a control plane's file" },
      { words: [good, '--log', 'other'], says: 'has no log `other`' },
    ];
    for (const { words, says } of rows) {
      const { code, stdout, stderr } = await cli('verify', ...words);
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(says)]);
      expect(stderr).toMatch(/^error: [^\n]+\n(?:help: [^\n]+\n)?$/);
    }
    expect(existsSync(join(folder, 'nowhere.db'))).toBe(false);
  });

  test('a truncated file is never said to hold', async () => {
    const path = copyOfGood();
    truncateSync(path, 20_480);
    expect((await cli('verify', path)).code).not.toBe(0);
  });

  test('an anchor that is none is refused with the place of what is wrong', async () => {
    const anchor = join(folder, 'wrong.json');
    const root = 'a'.repeat(64);
    const rows = [
      { text: '{"log":"main",\n "size": }', says: `${anchor}:2:10: ` },
      { text: '{"log":"main","log":"main"}', says: 'twice' },
      { text: '[]', says: 'is not an anchor' },
      { text: JSON.stringify({ log: 'main', size: -1, root }), says: 'is not an anchor' },
      { text: JSON.stringify({ log: 'main', size: 0, root }), says: 'is not an anchor' },
      { text: JSON.stringify({ log: 'main', size: 1, root: 'x' }), says: 'is not an anchor' },
      { text: JSON.stringify({ log: 'other', size: 1, root }), says: 'is for log `other`' },
    ];
    for (const { text, says } of rows) {
      writeFileSync(anchor, text);
      const { code, stderr } = await cli('verify', good, '--anchor', anchor);
      expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
    }
    const missing = await cli('verify', good, '--anchor', join(folder, 'no.json'));
    expect([missing.code, missing.stderr]).toEqual([
      2,
      expect.stringContaining('there is no file'),
    ]);
  });
});
