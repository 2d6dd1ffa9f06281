/**
 * A process that governs tool calls in one session of a log until it is killed. Arguments: place of the log,
 * session, label; with the label `once` it ends by itself when it is open. Prints each `Line` of `account.ts`
 * as JSON, before the next step is taken.
 */
import { openControlPlane } from '../../src/engine/index.ts';
import { Random } from '../../src/testing/index.ts';
import type { Line } from './account.ts';
import { Acting } from './acting.ts';
import { storeAt } from './place.ts';

const [place = '', session = '', label = ''] = process.argv.slice(2);
const plane = await openControlPlane({ storage: storeAt(place) });
const random = new Random(`${session} ${label}`);
const acting = await Acting.attach({ plane, session, label, random, say });
say({ ready: true });
if (label === 'once') await plane.close();
else await Promise.all(Array.from({ length: 4 }, work));

async function work(): Promise<void> {
  for (;;) await acting.act();
}

/** To a pipe this is synchronous: what is printed was printed before anything that follows. */
function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
