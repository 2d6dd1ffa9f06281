/** What a host might bundle, on what `npm run build` left: governed calls in SQLite, verified with all threads. */
import { guard, openControlPlane, sqlite, verify } from '../dist/index.js';

const [, , file = 'control-plane.db'] = process.argv;
/** Of a log this long, two entries a call, `verify` hashes in a thread. */
const calls = 5_001;
const atOnce = 64;

const tool = { name: 'read', action: 'order.read', execute: async () => 'read' };
const plane = await openControlPlane({
  storage: sqlite(file),
  policy: {
    format: 1,
    version: 1,
    actions: { 'order.read': {} },
    tiers: { unrestricted: ['order.read'] },
  },
  agents: ['bot'],
  tools: [tool],
});
const principal = plane.identity.assert({ id: 'service:billing', org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'bot' });
const read = guard(session, tool);
for (let left = calls; left > 0; left -= atOnce) {
  await Promise.all(Array.from({ length: Math.min(left, atOnce) }, () => read({})));
}
await plane.close();

let threads = 0;
process.on('worker', () => (threads += 1));
const { holds, entries } = await verify(sqlite(file, { mode: 'read-only' }));
if (!holds || entries < 2 * calls) throw new Error('the log does not hold');
if (threads !== 2)
  throw new Error(`verify started ${threads} threads, not one to read and one to hash`);
