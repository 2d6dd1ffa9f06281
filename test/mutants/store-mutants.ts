/** Mutants of the stores, the engine and the guard. */
import type { Mutant } from './mutant.ts';

const conformance = ['test/conformance/storage.test.ts'];
const sqliteTests = ['test/storage/sqlite.test.ts'];

export const storeMutants: readonly Mutant[] = [
  {
    name: 'sqlite-append-does-not-compare',
    guards: 'A batch is appended only to the size it was decided on.',
    file: 'src/storage/sqlite/sqlite-database.ts',
    find: '      if (size !== batch.expectedSize) {',
    replace: '      if (size < 0) {',
    tests: conformance,
  },
  {
    name: 'memory-append-does-not-compare',
    guards: 'A batch is appended only to the size it was decided on.',
    file: 'src/storage/memory.ts',
    find: 'if (batch.expectedSize !== this.head.size) {',
    replace: 'if (this.head.size < 0) {',
    tests: conformance,
  },
  {
    name: 'sqlite-synchronous-normal',
    guards: 'An acknowledged commit survives a power cut: synchronous is FULL.',
    file: 'src/storage/sqlite/connection.ts',
    find: "['synchronous', 'FULL', 2]",
    replace: "['synchronous', 'NORMAL', 1]",
    tests: sqliteTests,
  },
  {
    name: 'sqlite-entry-can-change',
    guards: 'The file refuses to change an entry.',
    file: 'src/storage/sqlite/schema.ts',
    find: 'CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry BEGIN',
    replace: 'CREATE TRIGGER entry_never_changes BEFORE UPDATE OF idx ON entry WHEN 0 BEGIN',
    tests: sqliteTests,
  },
  {
    name: 'answer-before-commit',
    guards: 'An answer goes out after the commit, never before.',
    file: 'src/engine/sequencer.ts',
    find: 'const { status } = await this.#options.storage.append(decided.batch);',
    replace:
      "const status = 'appended' as const; void this.#options.storage.append(decided.batch);",
    tests: ['test/simulation/simulation.test.ts'],
  },
  {
    name: 'ambiguous-commit-guessed',
    guards: 'A commit whose outcome is unknown is looked for, never guessed.',
    file: 'src/engine/sequencer.ts',
    find: 'return entry?.leaf === first.leaf;',
    replace: 'return false;',
    tests: ['test/simulation/simulation.test.ts', 'test/engine/store-trouble.test.ts'],
  },
  {
    name: 'kill-does-not-abort',
    guards: 'Running work in scope gets its signal.',
    file: 'src/engine/running.ts',
    find: '(work) => work.latchKeys.includes(latchKey)',
    replace: '(work) => work.latchKeys.length === 0',
    tests: ['test/attack/kill.test.ts'],
  },
  {
    name: 'permit-used-twice',
    guards: 'A permit is used up by its first use.',
    file: 'src/engine/permit.ts',
    find: "if (value.#taken) throw fault('permit-used');",
    replace: '',
    tests: ['test/enforce/permit.test.ts'],
  },
  {
    name: 'permit-of-another-issuer',
    guards: 'A permit holds only where it was issued.',
    file: 'src/engine/permit.ts',
    find: 'value.#issuer === issuer',
    replace: 'issuer !== undefined',
    tests: ['test/attack/identity.test.ts'],
  },
  {
    name: 'principal-of-another-issuer',
    guards: 'A principal holds only where it was minted.',
    file: 'src/identity/principal.ts',
    find: 'return value.#issuer === issuer ? value.#reference : undefined;',
    replace: 'return issuer === undefined ? undefined : value.#reference;',
    tests: ['test/attack/identity.test.ts'],
  },
  {
    name: 'tool-gets-the-callers-object',
    guards: 'What was decided on is what runs: the tool gets the frozen value of the hashed bytes.',
    file: 'src/enforce/guard.ts',
    find: 'const frozen = granted.read.value as A;',
    replace: 'const frozen = callArguments;',
    tests: ['test/attack/tools-and-arguments.test.ts'],
  },
  {
    name: 'verify-ignores-liveness',
    guards: 'A record hidden from the opening is found.',
    file: 'src/engine/verify-records.ts',
    find: 'expected.live === stored.live &&',
    replace: '',
    tests: ['test/engine/verify.test.ts'],
  },
  {
    name: 'verify-skips-contents',
    guards: 'A content that is not what its entry commits to is found.',
    file: 'src/log/hash-page.ts',
    find: "if (hash('sha256', bytes.subarray(from, end), 'hex') !== expected) {",
    replace:
      "if (bytes[from] === leafPrefix && hash('sha256', bytes.subarray(from, end), 'hex') !== expected) {",
    tests: ['test/engine/verify.test.ts'],
  },
  {
    name: 'lost-hashes-hold',
    guards: 'What was not hashed is not verified.',
    file: 'src/engine/verify-hashing.ts',
    find: 'waiting.reject(this.#lost);',
    replace: "waiting.resolve({ failed: undefined, root: '', spare: page.bytes.buffer });",
    tests: ['test/engine/verify-threads.test.ts'],
  },
];
