/**
 * A process that decides and starts in two steps. Arguments: place of the log, session. Prints `decided` when it
 * has a permit, waits for a line, starts the permit, and prints `started` or the code of what it is told.
 */
import { once } from 'node:events';
import { bindTool, ControlPlaneError, openControlPlane } from '../../src/engine/index.ts';
import { storeAt } from '../crash/place.ts';
import { read } from '../engine/shop.ts';

const [place = '', id = ''] = process.argv.slice(2);
const plane = await openControlPlane({ storage: storeAt(place) });
const principal = plane.identity.assert({ id: 'service:billing', org: 'acme', roles: ['agent'] });
const session = await plane.attachSession(principal, id);
const { permit } = await session.authorize({
  tool: bindTool(read),
  arguments: session.read({ orderId: 'o-1' }),
  start: 'later',
});
if (permit === undefined) throw new Error('it was refused');
process.stdout.write('decided\n');
await once(process.stdin, 'data');
try {
  await session.start(permit);
  process.stdout.write('started\n');
} catch (failure) {
  if (!ControlPlaneError.is(failure)) throw failure;
  process.stdout.write(`${failure.code}\n`);
}
await plane.close();
process.stdin.destroy();
