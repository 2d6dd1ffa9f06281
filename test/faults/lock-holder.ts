/**
 * A process that holds SQLite's write lock on a file until its input ends. Prints `held`. Argument:
 * path.
 */
import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync(process.argv[2] ?? '');
database.exec('PRAGMA busy_timeout = 10000');
database.exec('BEGIN IMMEDIATE');
process.stdout.write('held\n');
process.stdin.resume();
process.stdin.on('end', () => {
  database.exec('ROLLBACK');
  database.close();
});
