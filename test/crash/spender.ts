/**
 * A process that spends from a budget of its org until there is nothing left, or it is killed. Arguments: path,
 * label. Prints a line from inside each tool run, and `done` when it has been refused.
 */
import { ControlPlaneError, openControlPlane } from '../../src/engine/index.ts';
import { guard } from '../../src/enforce/guard.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';

const [path = '', label = ''] = process.argv.slice(2);
const plane = await openControlPlane({ storage: sqlite(path) });
const principal = plane.identity.assert({ id: `service:${label}`, org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'bot' });
const pay = guard(session, {
  name: 'pay',
  action: 'order.pay',
  execute: async () => {
    process.stdout.write(`ran ${label}\n`);
    await new Promise((resolve) => void setTimeout(resolve, 20));
  },
});

for (;;) {
  try {
    await pay({});
  } catch (failure) {
    if (!ControlPlaneError.is(failure) || failure.code !== 'budget-exceeded') throw failure;
    break;
  }
}
process.stdout.write('done\n');
await plane.close();
