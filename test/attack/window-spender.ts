/**
 * A process that spends all that its org has in each of a row of short windows, so that its calls fall on both
 * sides of every end. Arguments: path, label. It ends once it was let through in three windows.
 */
import { ControlPlaneError, guard, openControlPlane, sqlite } from '../../src/index.ts';
import { read } from '../engine/shop.ts';

const [path = '', label = ''] = process.argv.slice(2);
const plane = await openControlPlane({ storage: sqlite(path) });
const principal = plane.identity.assert({ id: `service:${label}`, org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'bot' });
const call = guard(session, read);
let windows = 0;
let isShut = true;
while (windows < 3 || !isShut) {
  try {
    await call({ orderId: label });
    if (isShut) windows += 1;
    isShut = false;
  } catch (failure) {
    if (!ControlPlaneError.is(failure) || failure.code !== 'budget-exceeded') throw failure;
    isShut = true;
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
}
await plane.close();
