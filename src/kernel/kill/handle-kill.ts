/** The kill switch: engage and release, by scope, within the principal's org. */
import type { Kill } from '../command.ts';
import type { HandlerFor } from '../handled.ts';
import { latchKey } from './latch.ts';
import { latchStates, latchStatus } from './latch-states.ts';
import { everyOrg } from '../org.ts';
import { reject } from '../rejection.ts';
import { permits, permitsIn } from '../rights/rights.ts';
import { quoted } from '../name.ts';

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
  const { supervised } = command;
  const move = engage ? 'kill' : supervised === undefined ? 'release' : 'supervise';
  if (latchStates[latchStatus(view.get('latch', key))][move] === undefined) {
    return {
      rejection: reject('latch-not-engaged', `no kill switch is engaged for ${quoted(key)}`),
    };
  }
  if (engage) return { events: [{ type: 'kill-engaged', data: { scope } }], subject };
  const data = supervised === undefined ? { scope } : { scope, supervised };
  return { events: [{ type: 'kill-released', data }], subject };
};
