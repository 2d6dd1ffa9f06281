/** The kill switch: engage and release, by scope, within the principal's org. */
import type { Kill } from './command.ts';
import type { HandlerFor } from './handled.ts';
import { latchKey } from './latch.ts';
import { everyOrg } from './org.ts';
import { reject } from './rejection.ts';
import { permits, permitsIn } from './rights.ts';
import { quoted } from './name.ts';

export const switchKill: HandlerFor<Kill> = (view, command) => {
  const { by, scope } = command;
  const engage = command.kind === 'engage-kill';
  const allowed =
    scope.kind === 'system' || scope.org === everyOrg
      ? permits(view, by, engage ? 'engage-system-kill' : 'release-system-kill')
      : permitsIn(view, by, engage ? 'engage-kill' : 'release-kill', scope.org);
  if (!allowed) return { rejection: reject('permission-denied') };
  if (command.commitments?.['reason'] === undefined) return { rejection: reject('reason-missing') };
  const key = latchKey(scope);
  const subject = { kind: 'latch', key } as const;
  // Engaging again is a new kill: it voids what was decided since the last one.
  if (engage) return { events: [{ type: 'kill-engaged', data: { scope } }], subject };
  const latch = view.get('latch', key);
  const { supervised } = command;
  const isOnProbation = latch?.supervised === true && supervised === undefined;
  if (latch?.engaged !== true && !isOnProbation) {
    return {
      rejection: reject('latch-not-engaged', `no kill switch is engaged for ${quoted(key)}`),
    };
  }
  const data = supervised === undefined ? { scope } : { scope, supervised };
  return { events: [{ type: 'kill-released', data }], subject };
};
