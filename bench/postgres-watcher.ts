/** Errand: has work running, and notes when a kill in another process aborts it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bindTool, type ToolDeclaration } from '../src/engine/index.ts';
import { openControlPlane, type Session } from '../src/index.ts';
import { postgres } from '../src/storage/postgres/postgres-storage.ts';
import { machineMs } from './awake.ts';
import { Meeting, type Place } from './postgres-database.ts';

export interface Watching {
  readonly place: Place;
  readonly who: number;
  readonly listen: boolean;
  readonly kills: number;
}

/** Whose calls are stopped. */
export const waitTool: ToolDeclaration = { name: 'wait', action: 'thing.wait', resource: 'thing' };
const tool = bindTool(waitTool);

/** The moments, on the machine's clock, at which the work of each kill was aborted. */
export async function run({ place, who, listen, kills }: Watching): Promise<readonly number[]> {
  const storage = postgres(place.url, { schema: place.schema, listen });
  const plane = await openControlPlane({ storage });
  const meeting = new Meeting(place);
  const principal = plane.identity.assert({ id: `service:${who}`, org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'waiter' });
  const moments: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const { signal, settle } = await started(session);
    const aborted = new Promise<number>((resolve) => {
      signal.addEventListener('abort', () => resolve(machineMs()), { once: true });
    });
    // At another point between two polls each time, as kills come.
    await sleep((kill * 37) % 250);
    await meeting.arrive(`running ${kill}`, who);
    moments.push(await aborted);
    await settle();
    await meeting.arrive(`stopped ${kill}`, who);
    await meeting.waitFor(`released ${kill}`, 1);
  }
  await meeting.close();
  await plane.close();
  return moments;
}

async function started(session: Session) {
  const { permit, code } = await session.authorize({ tool, arguments: session.read({}) });
  if (permit === undefined) throw new Error(`refused with ${code}`);
  const settle = () => session.settle(permit, { outcome: 'failed' });
  return { signal: permit.signal, settle };
}
