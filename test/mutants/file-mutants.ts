/** Mutants of what is looked at of a SQLite file, or log, that others can write. */
import type { Mutant } from './mutant.ts';

const fileTests = ['test/storage/sqlite-files.test.ts'];
const indexTests = ['test/engine/verify-index.test.ts'];
const connection = 'src/storage/sqlite/connection.ts';

export const fileMutants: readonly Mutant[] = [
  {
    name: 'verify-trusts-indexes',
    guards: 'A log holds only where its records are found by the indexes that find them.',
    file: 'src/engine/verify/verify.ts',
    find: 'const problem = await storage.examine?.();',
    replace: 'const problem = undefined as string | undefined;',
    tests: indexTests,
  },
  {
    name: 'head-file-hides-indexes',
    guards: 'A store with a head file is examined like the store inside.',
    file: 'src/storage/head-file.ts',
    find: 'return this.#inner.examine?.();',
    replace: 'return undefined;',
    tests: indexTests,
  },
  {
    name: 'odd-keys-are-texts',
    guards: 'A key whose bytes are not those of the text that is read does not hold.',
    file: 'src/storage/sqlite/examine.ts',
    find: 'if (bytes instanceof Uint8Array && isUtf8(bytes) && !bytes.includes(0)) continue;',
    replace: 'if (bytes instanceof Uint8Array) continue;',
    tests: indexTests,
  },
  {
    name: 'reader-keeps-old-pages',
    guards: 'Whoever only looks at a file sees what a writer wrote that came and went.',
    file: connection,
    find: 'return immutable !== undefined && (walExists(path) || fileState(path) !== immutable);',
    replace: 'return immutable !== undefined && walExists(path);',
    tests: fileTests,
  },
  {
    name: 'torn-read-is-a-fault',
    guards: 'What does not fit together because somebody wrote meanwhile is read once more.',
    file: 'src/storage/sqlite/sqlite-database.ts',
    find: 'if (!isOutdated(this.#path, open)) throw error;',
    replace: 'throw error;',
    tests: fileTests,
  },
  {
    name: 'file-with-two-names',
    guards: 'Nobody writes a file by a name whose write-ahead log the others do not see.',
    file: connection,
    find: '  if (stat.nlink > 1) {',
    replace: '  if (stat.nlink > 2) {',
    tests: fileTests,
  },
  {
    name: 'journal-overlooked',
    guards: 'A file is not looked at without the journal that would change it.',
    file: connection,
    find: "if (mode === 'read-only') assertNoJournal(path);",
    replace: '',
    tests: fileTests,
  },
  {
    name: 'verify-looks-for-no-key',
    guards: 'An entry that makes a record without a key is named; verify does not end there.',
    file: 'src/engine/verify/page.ts',
    find: 'assertKey(change);',
    replace: '',
    tests: ['test/engine/verify-forged.test.ts'],
  },
];
