/** A process of its own whose tool ends when it is told to and no sooner, with nothing else going on. */
import { guard, memory, openControlPlane } from '../../src/index.ts';

const [what] = process.argv.slice(2);
const tool = { name: 't', action: 'act' };
const plane = await openControlPlane({
  storage: memory(),
  policy: {
    format: 1,
    version: 1,
    actions: { act: { runTimeoutMs: what === 'closes' ? 86_400_000 : 50 } },
    tiers: { unrestricted: ['act'] },
  },
  agents: ['bot'],
  tools: [tool],
});
const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'bot' });
if (what === 'closes') setTimeout(() => void plane.close(), 20);
// Nothing but this keeps the process alive.
const failure = await guard(session, {
  ...tool,
  execute: (_: object, { signal }) =>
    new Promise((_resolve, reject) => {
      if (what === 'heeds') signal.addEventListener('abort', () => reject(signal.reason));
    }),
})({}).catch((thrown: unknown) => thrown);
process.stdout.write(String((failure as { readonly code?: string }).code));
await plane.close();
