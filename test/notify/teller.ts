/**
 * A process that asks for one approval and is killed with SIGKILL while its notifier tells of it.
 * Arguments: path of the SQLite file, URL of the receiver, and `before` or `after`: whether it dies before
 * the notification is sent, or after the receiver took it and before that is recorded.
 */
import { bindTool } from '../../src/engine/index.ts';
import { webhook } from '../../src/notify/index.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { openShop, refund, staff } from '../engine/shop.ts';

const [path = '', url = '', moment = ''] = process.argv.slice(2);
const secret = 'a secret that is long enough to be one';
const hook = webhook({ name: 'hook', url, secret, allowPrivateAddresses: true });

const plane = await openShop(sqlite(path), {
  notifiers: [
    {
      ...hook,
      deliver: async (notification, signal) => {
        if (moment === 'after') await hook.deliver(notification, signal);
        process.kill(process.pid, 'SIGKILL');
      },
    },
  ],
});
const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
const call = session.read({ orderId: 'o-1', amount: '42' });
await session.authorize({ tool: bindTool(refund), arguments: call });
// Until it is killed.
setInterval(() => {}, 60_000);
