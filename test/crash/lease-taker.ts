/**
 * A process that takes the lease of a session when it is told to, calls once with it, and says so. Arguments:
 * place of the log, id of the session, label. Prints `ready`, waits for a line, then prints `got <fence>` or the code of its
 * refusal; it holds what it got until its input ends.
 */
import { once } from 'node:events';
import { ControlPlaneError, guard, openControlPlane } from '../../src/index.ts';
import { storeAt } from './place.ts';

const [place = '', id = '', label = ''] = process.argv.slice(2);
const plane = await openControlPlane({ storage: storeAt(place) });
const principal = plane.identity.assert({ id: 'service:loop', org: 'acme', roles: ['agent'] });
const session = await plane.attachSession(principal, id);
const work = guard(session, { name: 'work', action: 'loop.work', execute: () => 'done' });
process.stdout.write('ready\n');
await once(process.stdin, 'data');
try {
  const lease = await session.lease({ holder: label, termMs: 60_000 });
  await work({});
  process.stdout.write(`got ${lease.fence}\n`);
} catch (failure) {
  if (!ControlPlaneError.is(failure)) throw failure;
  process.stdout.write(`${failure.code}\n`);
}
await once(process.stdin, 'end');
await plane.close();
