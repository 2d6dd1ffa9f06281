/**
 * A process whose files may not grow beyond a limit that its shell has set (`ulimit -f`): a commit
 * that writes past it gets an I/O error from the operating system. Prints its `Suffered` as one
 * JSON line. Arguments: path.
 */
import { spawnSync } from 'node:child_process';
import { Governed, suffer } from './governed.ts';

const [path = ''] = process.argv.slice(2);
const governed = await Governed.open(path);
const limit = ['--pid', String(process.pid), '--fsize=unlimited:'];
const story = await suffer(governed, () => spawnSync('prlimit', limit).status === 0);
process.stdout.write(`${JSON.stringify(story)}\n`);
