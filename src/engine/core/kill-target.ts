/** Whether a kill switch stops what the log has heard of: a misspelt name is engaged all the same. */
import {
  agentKey,
  everyOrg,
  type KillScope,
  principalKey,
  type SessionRecord,
} from '../../kernel/index.ts';
import type { Storage } from '../../storage/storage.ts';
import type { RecordCache } from '../store/record-cache.ts';
import { scanAll } from '../store/scan.ts';
import { storedRecord } from '../store/store-read.ts';

interface Where {
  readonly cache: RecordCache;
  readonly storage: Storage;
}

/** False where nothing is called what the scope names, as far as the log knows. */
export async function isKnownTarget(where: Where, scope: KillScope): Promise<boolean> {
  const { cache, storage } = where;
  switch (scope.kind) {
    case 'system':
      return true;
    case 'org':
      return isKnownOrg(where, scope.org);
    case 'principal':
      return isKnownPrincipal(where, scope.org, scope.id);
    case 'session':
      return (await storedRecord(storage, 'session', scope.id))?.org === scope.org;
    case 'agent':
      return [scope.org, everyOrg].some(
        (org) => cache.peek('agent', agentKey(org, scope.name)) !== undefined,
      );
    case 'tool':
      return cache.peek('tool', scope.name) !== undefined;
    case 'action':
      return isKnownAction(cache, scope.name);
    case 'budget':
      return (cache.peek('plans', scope.org)?.plans ?? []).some(({ id }) => id === scope.name);
    case 'model':
      return Object.hasOwn(cache.peek('prices', 'active')?.document.models ?? {}, scope.name);
  }
}

async function isKnownOrg({ cache, storage }: Where, org: string): Promise<boolean> {
  if (cache.peek('plans', org) !== undefined) return true;
  if ([...cache.live('agent'), ...cache.live('key')].some((each) => each.org === org)) return true;
  const { records } = await storage.scanRecords({ kind: 'session', parent: org, limit: 1 });
  return records.length > 0;
}

/** One that has called nothing has left no more than the sessions that it has open. */
async function isKnownPrincipal(
  { cache, storage }: Where,
  org: string,
  principal: string,
): Promise<boolean> {
  if ([...cache.live('key')].some((key) => key.org === org && key.principal === principal)) {
    return true;
  }
  if ((await storedRecord(storage, 'principal', principalKey({ org, principal }))) !== undefined) {
    return true;
  }
  for await (const { value } of scanAll(storage, { kind: 'session', parent: org, live: true })) {
    if ((JSON.parse(value) as SessionRecord).principal === principal) return true;
  }
  return false;
}

function isKnownAction(cache: RecordCache, name: string): boolean {
  const { actions } = cache.peek('policy', 'active')?.document ?? {};
  return (
    Object.hasOwn(actions ?? {}, name) || [...cache.live('tool')].some((t) => t.action === name)
  );
}
