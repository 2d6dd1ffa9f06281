/** The kill switch: engage and release, by scope, within the principal's org. */
import type { Kill } from '../command.ts';
import type { HandlerFor } from '../handled.ts';
import { latchKey } from './latch.ts';
import { latchStates, latchStatus } from './latch-states.ts';
import { everyOrg } from '../org.ts';
import { reject } from '../rejection.ts';
import { notPermitted, permitsIn } from '../rights/rights.ts';
import { quoted } from '../name.ts';

export const switchKill: HandlerFor<Kill> = (view, command) => {
  const { by, scope } = command;
  const engage = command.kind === 'engage-kill';
  const org = scope.kind === 'system' || scope.org === everyOrg ? undefined : scope.org;
  const system = engage ? 'engage-system-kill' : 'release-system-kill';
  const permission = org === undefined ? system : engage ? 'engage-kill' : 'release-kill';
  if (!permitsIn(view, by, permission, org ?? by.org)) {
    return { rejection: notPermitted(view, by, permission, org) };
  }
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
