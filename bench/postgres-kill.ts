/** A kill switch across processes: from the call in one to the AbortSignal in the others. */
import { openControlPlane } from '../src/index.ts';
import { postgres } from '../src/storage/postgres/postgres-storage.ts';
import { awakeClock, machineMs } from './awake.ts';
import { runTogether } from './errand.ts';
import { Meeting, withFreshSchema } from './postgres-database.ts';
import { type run as watchForKills, waitTool } from './postgres-watcher.ts';
import { percentile } from './spread.ts';
import { unrestricted } from './unrestricted.ts';

const watcherModule = new URL('./postgres-watcher.ts', import.meta.url);
const watchers = 3;

export interface KillTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** `listen`: whether the watching processes are notified, or poll alone. */
export function measureKills(url: string, listen: boolean, kills: number): Promise<KillTimes> {
  return withFreshSchema(url, async (place) => {
    const storage = postgres(url, { schema: place.schema, listen: false });
    const plane = await openControlPlane({
      storage,
      policy: unrestricted(waitTool.action),
      agents: ['waiter'],
      tools: [waitTool],
    });
    const by = plane.identity.assert({ id: 'user:olga', org: 'acme', roles: ['operator'] });
    const scope = { kind: 'agent', org: 'acme', name: 'waiter' } as const;
    const meeting = new Meeting(place);
    const clock = await awakeClock();
    const moments: number[] = [];
    const pull = async (): Promise<void> => {
      for (let kill = 0; kill < kills; kill += 1) {
        await meeting.waitFor(`running ${kill}`, watchers);
        moments.push(machineMs());
        await plane.kill({ scope, by, reason: 'a measurement' });
        await meeting.waitFor(`stopped ${kill}`, watchers);
        await plane.release({ scope, by, reason: 'the next one' });
        await meeting.arrive(`released ${kill}`, 0);
      }
    };
    const inputs = Array.from({ length: watchers }, (_, who) => ({ place, who, listen, kills }));
    const watching = runTogether<typeof watchForKills>(watcherModule, inputs);
    // One that fails would leave the other waiting for it.
    const [stopped] = await Promise.all([watching, Promise.race([pull(), watching])]);
    await meeting.close();
    await plane.close();
    await clock.settled();
    const times = stopped.flatMap((each) =>
      each.map((at, kill) => clock.between(moments[kill] ?? at, at)),
    );
    times.sort((left, right) => left - right);
    return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
  });
}
