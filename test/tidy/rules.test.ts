/** The tidy rules, each shown a sample it must report and one it must not. */
import { describe, expect, test } from 'vitest';
import { cycleProblems, roomProblems } from './rooms.ts';
import { columnProblems, normProblems, sizeProblems } from './sizes.ts';
import { parseSource, type Problem, type SourceFile } from './source-file.ts';
import {
  downloadAddressProblems,
  fileNameProblems,
  headerProblems,
  loadedHookProblems,
  machinePathProblems,
  noteProblems,
  purityProblems,
  silencedCheckProblems,
  switchedOffProblems,
} from './words.ts';

/** Put together, so that a search for what the rules forbid does not find their samples. */
const [skip, todo, only, work] = ['skip', 'todo', 'only', 'work'];

interface Sample {
  readonly path: string;
  readonly text: string;
  /** Part of the message; absent where the sample is in order. */
  readonly reported?: string;
  readonly line?: number;
}

const declared = new Set(['ai', 'commander', '@cfworker/json-schema']);
const of = (rule: (files: readonly SourceFile[]) => Problem[]) => (path: string, text: string) =>
  rule([parseSource(path, text)]);
const rooms = of((files) => roomProblems(files, declared));
const lines = (count: number, text = ''): string => `${text}\n`.repeat(count);
const machineFolder = (name: string): string => `/${name}/`;

const samples: Record<string, [(path: string, text: string) => Problem[], readonly Sample[]]> = {
  rooms: [
    rooms,
    [
      { path: 'src/kernel/a.ts', text: "import { b } from './policy/b.ts';" },
      { path: 'src/kernel/a.ts', text: "import { hash } from 'node:crypto';" },
      { path: 'src/kernel/policy/a.ts', text: "import { b } from '../b.ts';" },
      { path: 'src/kernel/session/a.ts', text: "import { b } from '../policy/b.ts';" },
      {
        path: 'src/kernel/policy/a.ts',
        text: "import { b } from '../session/b.ts';",
        reported: 'kernel/policy comes before kernel/session',
      },
      { path: 'src/kernel/new/a.ts', text: "import { b } from '../b.ts';", reported: 'no folder' },
      { path: 'src/engine/session/a.ts', text: "import { b } from '../store/b.ts';" },
      { path: 'src/engine/store/a.ts', text: "import { c } from '../clock.ts';" },
      {
        path: 'src/engine/store/a.ts',
        text: "import { b } from '../session/b.ts';",
        reported: 'engine/store comes before engine/session',
      },
      {
        path: 'src/engine/session/a.ts',
        text: "import type { C } from '../control-plane.ts';",
        reported: 'a folder of engine may import only clock.ts',
      },
      { path: 'src/enforce/mcp/http/a.ts', text: "import { b } from '../client/b.ts';" },
      { path: 'src/enforce/mcp/gateway.ts', text: "import { b } from './http/b.ts';" },
      {
        path: 'src/enforce/mcp/client/a.ts',
        text: "import { b } from '../http/b.ts';",
        reported: 'enforce/mcp/client comes before enforce/mcp/http',
      },
      {
        path: 'src/enforce/mcp/http/a.ts',
        text: "import type { G } from '../gateway.ts';",
        reported: 'a folder of enforce/mcp may import nothing of its top',
      },
      {
        path: 'src/kernel/a.ts',
        text: "\nimport type { L } from '../log/l.ts';",
        reported: 'may import only kernel',
        line: 2,
      },
      {
        path: 'src/kernel/a.ts',
        text: "import { createHash, sign } from 'node:crypto';",
        reported: 'more than hashing',
      },
      {
        path: 'src/kernel/a.ts',
        text: "import * as crypto from 'node:crypto';",
        reported: 'more than hashing',
      },
      { path: 'src/kernel/a.ts', text: "import fs from 'node:fs';", reported: 'kernel is pure' },
      { path: 'src/engine/a.ts', text: "import fs from 'fs';", reported: 'with its prefix' },
      { path: 'src/kernel/a.ts', text: "import z from 'zod';", reported: 'the package `zod`' },
      { path: 'src/kernel/a.ts', text: "export * from '../engine/e.ts';", reported: 'only kernel' },
      {
        path: 'src/kernel/a.ts',
        text: "export { e } from '../engine/e.ts';",
        reported: 'only kernel',
      },
      { path: 'src/kernel/a.ts', text: "await import('../log/l.ts');", reported: 'only kernel' },
      { path: 'src/cli/a.ts', text: 'await import(name);', reported: 'computed import' },
      {
        path: 'src/kernel/a.ts',
        text: "type L = import('../log/l.ts').L;",
        reported: 'only kernel',
      },
      { path: 'src/log/a.ts', text: "import { sign } from 'node:crypto';" },
      { path: 'src/log/a.ts', text: "import { k } from '../kernel/k.ts';", reported: 'only log' },
      { path: 'src/storage/storage.ts', text: "import type { E } from '../log/entry.ts';" },
      {
        path: 'src/storage/storage.ts',
        text: "import { E } from '../log/entry.ts';",
        reported: 'only types',
      },
      {
        path: 'src/storage/storage.ts',
        text: "import type { E } from '../engine/e.ts';",
        reported: 'only types',
      },
      {
        path: 'src/storage/sqlite/store.ts',
        text: "import type { S } from '../storage.ts'; import './sql.ts'; import 'node:sqlite';",
      },
      {
        path: 'src/storage/sqlite/store.ts',
        text: "import { m } from '../memory.ts';",
        reported: 'its own folder',
      },
      {
        path: 'src/storage/memory.ts',
        text: "import { m } from './sqlite/sql.ts';",
        reported: 'its own folder',
      },
      {
        path: 'src/storage/memory.ts',
        text: "import { k } from '../kernel/k.ts';",
        reported: 'its own folder',
      },
      {
        path: 'src/identity/a.ts',
        text: "import { e } from '../engine/e.ts';",
        reported: 'identity, kernel',
      },
      { path: 'src/engine/a.ts', text: "import type { S } from '../storage/storage.ts';" },
      {
        path: 'src/engine/a.ts',
        text: "import { m } from '../storage/memory.ts';",
        reported: 'engine may import only',
      },
      { path: 'src/engine/a.test.ts', text: "import { m } from '../storage/memory.ts';" },
      {
        path: 'src/engine/a.ts',
        text: "import { m } from '../testing/world.ts';",
        reported: 'only testing and cli',
      },
      { path: 'src/enforce/adapters/ai-sdk.ts', text: "import type { Tool } from 'ai';" },
      {
        path: 'src/enforce/guard.ts',
        text: "import type { Tool } from 'ai';",
        reported: 'enforce may not',
      },
      {
        path: 'src/enforce/adapters/other.ts',
        text: "import type { Tool } from 'other/sub';",
        reported: '`other`, which users do not get',
      },
      { path: 'src/cli/main.ts', text: "import { m } from '../storage/memory.ts';" },
      { path: 'src/testing/a.ts', text: "import '../cli/main.ts';", reported: 'only cli' },
      { path: 'src/index.ts', text: "export { c } from './engine/c.ts';" },
      { path: 'src/index.ts', text: "export { c } from './cli/c.ts';", reported: 'only cli' },
      {
        path: 'src/index.ts',
        text: "export { c } from './testing/c.ts';",
        reported: 'only testing',
      },
      { path: 'src/engine/a.ts', text: "import '../index.ts';", reported: 'the root export' },
      { path: 'src/engine/a.ts', text: "import './b.test.ts';", reported: 'imports the test' },
      { path: 'src/engine/a.ts', text: "import '../../test/x.ts';", reported: 'only from src' },
      { path: 'src/other/a.ts', text: '', reported: '`other` is no room' },
    ],
  ],
  'file names': [
    (path) => fileNameProblems([path]),
    [
      { path: 'src/kernel/risk-score.prop.test.ts', text: '' },
      { path: 'README.md', text: '' },
      { path: 'src/kernel/utils.ts', text: '', reported: 'says nothing' },
      { path: 'test/helpers.test.ts', text: '', reported: 'says nothing' },
      { path: 'bench/common.sql', text: '', reported: 'says nothing' },
      { path: 'src/lib/policy.ts', text: '', reported: 'says nothing' },
      { path: 'src/kernel/riskScore.ts', text: '', reported: 'kebab-case' },
      { path: 'test/Risk_score.test.ts', text: '', reported: 'kebab-case' },
    ],
  ],
  sizes: [
    of((files) => sizeProblems(files, [])),
    [
      { path: 'src/kernel/a.ts', text: lines(400) },
      { path: 'src/kernel/a.ts', text: lines(401), reported: '401 lines, 400 allowed' },
      { path: 'src/kernel/a.test.ts', text: lines(401) },
      { path: 'test/kernel/naive-model.ts', text: lines(150) },
      { path: 'test/kernel/naive-model.ts', text: lines(151), reported: '151 lines, 150 allowed' },
      { path: 'src/kernel/a.ts', text: `function f() {\n${lines(70)}}` },
      {
        path: 'src/kernel/a.ts',
        text: `\nfunction f() {\n${lines(71)}}`,
        reported: 'function f has 71 lines',
        line: 2,
      },
      {
        path: 'src/kernel/a.ts',
        text: `const f = () => {\n${lines(71)}};`,
        reported: 'function f',
      },
      {
        path: 'src/kernel/a.ts',
        text: `const f = () => [\n${lines(71)}];`,
        reported: 'function f',
      },
      { path: 'src/kernel/a.ts', text: `class C { m() {\n${lines(71)}} }`, reported: 'function m' },
      { path: 'src/kernel/a.ts', text: `f(() => {\n${lines(71)}});`, reported: 'anonymous' },
      { path: 'src/kernel/a.ts', text: `const o = {\n${lines(100)}};` },
    ],
  ],
  columns: [
    of(columnProblems),
    [
      { path: 'src/kernel/a.ts', text: `// ${'é'.repeat(107)}` },
      {
        path: 'src/kernel/a.ts',
        text: `\n// ${'x'.repeat(108)}`,
        reported: '111 columns',
        line: 2,
      },
    ],
  ],
  purity: [
    of(purityProblems),
    [
      { path: 'src/engine/clock.ts', text: 'Date.now(); process.env; setTimeout(f);' },
      { path: 'src/kernel/a.test.ts', text: 'Date.now();' },
      { path: 'src/storage/sqlite/busy.ts', text: 'setTimeout(f, 1);' },
      { path: 'src/kernel/a.ts', text: "new Date(at); 'Date.now()'; // Math.random" },
      { path: 'src/kernel/a.ts', text: '\nDate.now();', reported: '`Date.now`', line: 2 },
      { path: 'src/kernel/a.ts', text: 'const f = Date.now;', reported: '`Date.now`' },
      { path: 'src/kernel/a.ts', text: "Date['now']();", reported: '`Date.now`' },
      { path: 'src/kernel/a.ts', text: 'globalThis.Date.now();', reported: '`Date.now`' },
      { path: 'src/kernel/a.ts', text: 'new Date();', reported: '`new Date()`' },
      { path: 'src/kernel/a.ts', text: 'Date(1);', reported: '`Date()`' },
      { path: 'src/log/a.ts', text: 'performance.now();', reported: '`performance.now`' },
      { path: 'src/log/a.ts', text: 'Math.random();', reported: '`Math.random`' },
      { path: 'src/log/a.ts', text: 'crypto.randomUUID();', reported: '`crypto.randomUUID`' },
      { path: 'src/log/a.ts', text: 'crypto.getRandomValues(b);', reported: 'getRandomValues' },
      {
        path: 'src/log/a.ts',
        text: "import { randomBytes } from 'node:crypto';",
        reported: '`randomBytes`',
      },
      { path: 'src/identity/a.ts', text: 'process.env.KEY;', reported: '`process.env`' },
      { path: 'src/enforce/a.ts', text: 'setTimeout(f, 1);', reported: '`setTimeout`' },
      { path: 'src/enforce/a.ts', text: 'globalThis.setInterval(f);', reported: '`setInterval`' },
      {
        path: 'src/enforce/a.ts',
        text: "import { scheduler } from 'node:timers/promises';",
        reported: '`node:timers/promises`',
      },
      { path: 'src/storage/sqlite/a.ts', text: 'Date.now();', reported: '`Date.now`' },
    ],
  ],
  'switched-off tests': [
    of(switchedOffProblems),
    [
      {
        path: 'test/a.test.ts',
        text: "it.skipIf(windows)('a', f); list.only; 'it.only'; // it.skip",
      },
      { path: 'test/a.test.ts', text: `\nit.${only}('a', f);`, reported: '`it.only`', line: 2 },
      { path: 'test/a.test.ts', text: `describe.${skip}('a', f);`, reported: '`describe.skip`' },
      { path: 'test/a.test.ts', text: "test.concurrent.skip('a', f);", reported: '`test.skip`' },
      { path: 'test/a.test.ts', text: `test.${todo}('a');`, reported: '`test.todo`' },
    ],
  ],
  'hooks that are loaded': [
    of(loadedHookProblems),
    [
      { path: 'test/a.test.ts', text: 'afterEach(close);' },
      { path: 'test/a.ts', text: 'export function use() {\n  afterAll(close);\n}' },
      { path: 'test/a.ts', text: '\nafterEach(close);', reported: '`afterEach`', line: 2 },
      { path: 'test/a.ts', text: 'beforeAll(async () => {});', reported: '`beforeAll`' },
    ],
  ],
  'silenced checks': [
    of(silencedCheckProblems),
    [
      { path: 'src/a.ts', text: "// @ts-expect-error the host may pass anything\nf('as any');" },
      {
        path: 'src/a.ts',
        text: '// oxlint-disable-next-line no-eval -- the sandbox test needs it',
      },
      { path: 'src/a.ts', text: '\nf(x as any);', reported: 'cast to `any`', line: 2 },
      { path: 'src/a.ts', text: 'f(<any>x);', reported: 'cast to `any`' },
      { path: 'src/a.ts', text: '// @ts-ignore because', reported: '@ts-ignore' },
      { path: 'src/a.ts', text: '/* @ts-nocheck */', reported: '@ts-ignore' },
      { path: 'src/a.ts', text: '// @ts-expect-error', reported: 'without a reason' },
      { path: 'src/a.ts', text: '// oxlint-disable-line no-eval', reported: 'without a reason' },
      { path: 'src/a.ts', text: '/* eslint-disable */', reported: 'without a reason' },
    ],
  ],
  notes: [
    of(noteProblems),
    [
      { path: 'src/a.ts', text: "// the method\nconst currency = 'XXX';" },
      { path: 'test/a.ts', text: '// TODO later' },
      { path: 'src/a.ts', text: '/*\n * TODO later\n */', reported: '`TODO`', line: 2 },
      { path: 'src/a.ts', text: '// HACK: works', reported: '`HACK`' },
      { path: 'src/a.ts', text: '// FIXME', reported: '`FIXME`' },
    ],
  ],
  headers: [
    of(headerProblems),
    [
      { path: 'src/kernel/a.ts', text: '/** What it promises. */' },
      { path: 'src/cli/main.ts', text: '#!/usr/bin/env node\n// The command line.' },
      { path: 'src/index.ts', text: 'export const a = 1;' },
      {
        path: 'src/kernel/a.ts',
        text: 'export const a = 1; // late',
        reported: 'no header comment',
      },
    ],
  ],
  'machine paths': [
    machinePathProblems,
    [
      {
        path: 'docs/a.md',
        text: `https://example.com/${work}/a ../root/a src/${work}/a /tmp/a`,
      },
      {
        path: 'docs/a.md',
        text: `\nsee ${machineFolder('work')}a`,
        reported: 'one machine',
        line: 2,
      },
      { path: '.ci/run', text: `cd ${machineFolder('root')}`, reported: 'one machine' },
      { path: 'src/a.ts', text: `'${machineFolder('tmp')}a'`, reported: 'one machine' },
    ],
  ],
  'download addresses': [
    downloadAddressProblems,
    [
      { path: 'package-lock.json', text: '"url": "https://example.com/fund"' },
      {
        path: 'package-lock.json',
        text: '  "resolved": "https://example.com/a.tgz"',
        reported: 'registry',
      },
      { path: '.npmrc', text: 'registry=https://example.com', reported: 'registry' },
      { path: '.npmrc', text: '@a:registry = https://example.com', reported: 'registry' },
    ],
  ],
};

for (const [rule, [check, rows]] of Object.entries(samples)) {
  describe(rule, () => {
    test.each(rows.map((row) => ({ title: titleOf(row), ...row })))(
      '$title',
      ({ path, text, reported, line = 1 }) => {
        const problems = check(path, text);
        const wanted = { path, line, message: reported };
        expect(problems.map((problem) => shortened(problem, reported))).toEqual(
          reported === undefined ? [] : [wanted],
        );
      },
    );
  });
}

describe('cycles', () => {
  const file = (name: string, text: string): SourceFile => parseSource(`src/kernel/${name}`, text);

  test('a chain is in order', () => {
    const chain = [file('a.ts', "import './b.ts';"), file('b.ts', "import './c.ts';")];
    expect(cycleProblems([...chain, file('c.ts', '')])).toEqual([]);
  });

  test('a cycle of types is reported where it closes, with its path', () => {
    const problems = cycleProblems([
      file('a.ts', "import './b.ts';"),
      file('b.ts', "import type { C } from './c.ts';"),
      file('c.ts', "\nexport type { B } from './b.ts';"),
    ]);

    expect(problems).toMatchObject([{ path: 'src/kernel/c.ts', line: 2 }]);
    expect(problems[0]?.message).toContain('src/kernel/b.ts > src/kernel/c.ts > src/kernel/b.ts');
  });

  test('a file that imports itself is reported', () => {
    expect(cycleProblems([file('a.ts', "import './a.ts';")])).toHaveLength(1);
  });
});

describe('size exceptions', () => {
  const long = parseSource('src/kernel/a.ts', `function f() {\n${lines(80)}}`);
  const exception = { path: 'src/kernel/a.ts', functionName: 'f', reason: 'one story' };

  test('cover what they name, and nothing else', () => {
    expect(sizeProblems([long], [exception])).toEqual([]);
    expect(sizeProblems([long], [{ ...exception, functionName: 'g' }])).toHaveLength(2);
  });

  test('are reported when stale', () => {
    expect(sizeProblems([], [exception])).toMatchObject([
      { path: 'src/kernel/a.ts', message: expect.stringContaining('stale') as string },
    ]);
  });
});

describe('norms of length', () => {
  const tree = (lengths: readonly number[]): SourceFile[] =>
    lengths.map((length, index) => parseSource(`src/kernel/a${index}.ts`, lines(length)));
  const repeat = (count: number, length: number): number[] =>
    Array.from({ length: count }, () => length);

  test('bind neither an empty tree nor a small one', () => {
    expect(normProblems([])).toEqual([]);
    expect(normProblems(tree(repeat(19, 300)))).toEqual([]);
  });

  test('allow some long files', () => {
    expect(normProblems(tree([...repeat(18, 120), 300, 300]))).toEqual([]);
  });

  test('report a median or a tail that is too long', () => {
    const median = normProblems(tree(repeat(20, 121)));
    expect(median).toMatchObject([{ message: expect.stringContaining('median') as string }]);
    const tail = normProblems(tree([...repeat(17, 50), ...repeat(3, 251)]));
    expect(tail).toMatchObject([{ message: expect.stringContaining('90th') as string }]);
  });
});

/** The message cut down to the part a sample names, where it has that part. */
function shortened(problem: Problem, reported: string | undefined): Problem {
  const named = reported !== undefined && problem.message.includes(reported);
  return named ? { ...problem, message: reported } : problem;
}

function titleOf({ path, text, reported }: Sample): string {
  const sample = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `${reported === undefined ? 'accepts' : 'reports'} ${path} ${JSON.stringify(sample)}`;
}
