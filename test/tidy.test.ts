/** Style that a formatter and a linter do not see, checked on the repository. The rules are in `tidy/`. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { sizeExceptions } from './tidy/exceptions.ts';
import { cycleProblems, roomProblems } from './tidy/rooms.ts';
import { columnProblems, normProblems, sizeProblems } from './tidy/sizes.ts';
import { listFiles, readSourceFile, type Problem } from './tidy/source-file.ts';
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
} from './tidy/words.ts';

const root = resolve(import.meta.dirname, '..');
const paths = listFiles(root);
const files = paths
  .filter((path) => /^(?:src|test|bench|scripts)\/.*\.ts$/.test(path))
  .map((path) => readSourceFile(root, path));
const declared = declaredPackages(readFileSync(join(root, 'package.json'), 'utf8'));

test('each room imports only what it may', () => {
  expectNone(roomProblems(files, declared));
});

test('there are no import cycles', () => {
  expectNone(cycleProblems(files));
});

test('file names say what is in the file', () => {
  expectNone(fileNameProblems(paths));
});

test('files and functions are short', () => {
  expectNone(sizeProblems(files, sizeExceptions));
});

test('most files are well below the limit', () => {
  expectNone(normProblems(files));
});

test('lines fit', () => {
  expectNone(columnProblems(files));
});

test('only the shell has a clock, chance, timers and an environment', () => {
  expectNone(purityProblems(files));
});

test('no test is switched off', () => {
  expectNone(switchedOffProblems(files));
});

test('what several test files import registers nothing as it is loaded', () => {
  expectNone(loadedHookProblems(files));
});

test('no check is silenced without a reason', () => {
  expectNone(silencedCheckProblems(files));
});

test('no notes to self are left', () => {
  expectNone(noteProblems(files));
});

test('each source file opens with a header comment', () => {
  expectNone(headerProblems(files));
});

test('no path of one machine and no registry is named', () => {
  const problems = paths.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    if (text.includes('\0')) return [];
    const named = machinePathProblems(path, text);
    const isNpmFile = path === 'package-lock.json' || path === '.npmrc';
    return isNpmFile ? [...named, ...downloadAddressProblems(path, text)] : named;
  });
  expectNone(problems);
});

function expectNone(problems: readonly Problem[]): void {
  const lines = problems.map(({ path, line, message }) => `${path}:${line}: ${message}`);
  expect(lines.join('\n')).toBe('');
}

function declaredPackages(text: string): Set<string> {
  const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
  return new Set(
    ['dependencies', 'peerDependencies'].flatMap((key) => Object.keys(manifest[key] ?? {})),
  );
}

test('what tests leave lies in a folder that goes with the run', () => {
  expect(basename(tmpdir())).toMatch(/^acp-tests-/);
});
