/** Mutants of the command line: what operators are shown before they act, and what a script is told. */
import type { Mutant } from './mutant.ts';

const cli = (file: string) => `src/cli/${file}.ts`;
const approveTests = ['test/cli/approve-tool.test.ts'];
const restoreTests = ['test/storage/head-file.test.ts'];
const operatorTests = ['test/cli/operators.test.ts'];

export const cliMutants: readonly Mutant[] = [
  {
    name: 'cli-half-a-file',
    guards: 'What did not fit on the disk is taken away, and not in the way of the next try.',
    file: cli('new-file'),
    find: '    rmSync(path, { force: true });',
    replace: '',
    tests: ['test/cli/trouble.test.ts'],
  },
  {
    name: 'cli-ended-by-a-folder-in-use',
    guards: 'Who is ended by a signal ends so, though its folder cannot be taken away.',
    file: cli('temporary-folder'),
    find: '    try {',
    replace: '    remove();\n    try {',
    tests: ['test/cli/trouble.test.ts'],
  },
  {
    name: 'cli-starter-in-half',
    guards: 'Of the two files of `policy init` both are there, or neither.',
    file: cli('policy/write-starter'),
    find: '    rmSync(tests, { force: true });',
    replace: '',
    tests: ['test/cli/trouble.test.ts'],
  },
  {
    name: 'cli-init-words-unquoted',
    guards:
      'The line that `mcp init` says to start with is one that a shell takes as it was given.',
    file: cli('mcp/init-policy'),
    find: "String.raw`'\\''`",
    replace: "'\\''",
    tests: ['test/cli/mcp-init.test.ts'],
  },
  {
    name: 'another-logs-entries-are-lost',
    guards: 'What another log had is not said to be lost of this one.',
    file: cli('accept-restore'),
    find: 'const lost = least > 0 && known.log === log ? least : null;',
    replace: 'const lost = least > 0 ? least : null;',
    tests: ['test/storage/head-file.test.ts'],
  },
  {
    name: 'cli-restore-half-tried',
    guards: 'What is left of a restore that was half accepted keeps no other from it.',
    file: cli('accept-restore'),
    find: '  rmSync(next, { force: true });',
    replace: '',
    tests: restoreTests,
  },
  {
    name: 'cli-change-shown-in-part',
    guards: 'What changed of a tool is shown to its end before it is approved.',
    file: cli('mcp/approve-tool'),
    find: 'isKnown ? differenceLines(difference, shown) : whole;',
    replace: 'isKnown ? differenceLines(difference, (text) => shown(text.slice(0, 400))) : whole;',
    tests: approveTests,
  },
  {
    name: 'cli-erased-change-not-shown',
    guards: 'A changed tool of which nobody can say what changed is shown whole.',
    file: cli('mcp/approve-tool'),
    find: "const isKnown = state === 'changed' && difference.length > 0;",
    replace: "const isKnown = state === 'changed';",
    tests: approveTests,
  },
  {
    name: 'cli-any-definition',
    guards: 'An empty definition approves nothing.',
    file: cli('mcp/approve-tool'),
    find: 'const digitsMin = 12;',
    replace: 'const digitsMin = 0;',
    tests: approveTests,
  },
  {
    name: 'cli-restore-accepted-unkept',
    guards: 'A restore is accepted once the new head is kept.',
    file: cli('accept-restore'),
    find: '  await keepHead(storage, next, log);',
    replace: '  void keepHead(storage, next, log).catch(() => {});',
    tests: restoreTests,
  },
  {
    name: 'cli-restore-without-a-head',
    guards: 'While a restore is accepted, and where it cannot be, there is a head file.',
    file: cli('accept-restore'),
    find: 'copyFileSync(headFile, kept, constants.COPYFILE_EXCL);',
    replace:
      'if (constants.COPYFILE_EXCL > 0) renameSync(headFile, kept); else copyFileSync(kept, kept);',
    tests: restoreTests,
  },
  {
    name: 'cli-evidence-overwritten',
    guards: 'What an earlier restore left as evidence is not overwritten.',
    file: cli('accept-restore'),
    find: 'for (let count = 2; existsSync(kept); count += 1) kept',
    replace: 'for (let count = 2; !existsSync(headFile); count += 1) kept',
    tests: restoreTests,
  },
  {
    name: 'cli-probation-not-listed',
    guards: 'A kill switch on probation is listed.',
    file: cli('kill/list-kills'),
    find: "latchStatus(latch) !== 'released'",
    replace: 'latch.engaged',
    tests: operatorTests,
  },
  {
    name: 'cli-kill-of-every-org-not-listed',
    guards: 'What is killed for every org is listed for each.',
    file: cli('kill/list-kills'),
    find: ' || of === everyOrg',
    replace: '',
    tests: operatorTests,
  },
  {
    name: 'cli-another-entry-for-the-bad-one',
    guards: 'In place of an entry that is gone no other is shown.',
    file: cli('verify-file'),
    find: 'if (event.index !== fault.index) return undefined;',
    replace: '',
    tests: ['test/cli/verify.test.ts'],
  },
  {
    name: 'cli-expired-key-is-good',
    guards: 'A key whose end is over is listed as expired.',
    file: cli('keys/list-keys'),
    find: 'now >= expiresAt',
    replace: 'now === expiresAt',
    tests: ['test/cli/acting.test.ts'],
  },
];
