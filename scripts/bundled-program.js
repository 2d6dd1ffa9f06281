/** What a host might bundle, on what `npm run build` left: a governed call in SQLite, verified with its threads. */
import { HashingThread } from '../dist/engine/verify/hashing.js';
import { guard, openControlPlane, sqlite, verify } from '../dist/index.js';
import { HashPageBuilder } from '../dist/log/hash-page.js';

const [, , file = 'control-plane.db'] = process.argv;
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
await guard(session, tool)({});
await plane.close();
const { holds } = await verify(sqlite(file, { mode: 'read-only' }));
if (!holds) throw new Error('the log does not hold');
// A log as short as this is hashed in place.
const hashing = new HashingThread();
const { failed } = await hashing.check(new HashPageBuilder().page);
await hashing.end();
if (failed !== undefined) throw new Error('nothing to hash does not fit');
