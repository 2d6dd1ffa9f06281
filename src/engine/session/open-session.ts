/** Opening sessions, and taking up open ones in another process or after a restart. */
import type { Principal } from '../../identity/principal.ts';
import {
  type Amounts,
  isQualifiedName,
  quoted,
  reject,
  type SessionMode,
  sessionModes,
  type SessionRecord,
} from '../../kernel/index.ts';
import type { Core } from '../core/core.ts';
import { fault, rejected } from '../error.ts';
import { handoffKey } from './handoff.ts';
import { committed } from '../core/payload.ts';
import { type Delegation, delegationTerms } from '../access/scopes.ts';
import { Session } from './session.ts';
import { assertMembers, assertTruth } from '../known-members.ts';
import { checkedAmounts, checkedKey } from '../core/session-input.ts';
import { type ReadFault, sessionSecret, storedSession } from '../store/store-read.ts';

export interface SessionOptions {
  readonly principal: Principal;
  readonly agent: string;
  /** Limits by unit, such as `{ usd: '50', actions: 10 }`. A unit that is not named is not limited here. */
  readonly budget?: Readonly<Record<string, string | number>>;
  readonly mode?: SessionMode;
  /**
   * Id of an active session of the same principal, on whose behalf this one works, as when an agent
   * delegates: the new one spends from its budgets too, and stops with it.
   */
  readonly parent?: string;
  /** Of a session with a parent: what it is given of what that one has; all of it by default. */
  readonly delegation?: Delegation;
  /** In place of a parent: the token of a hand-off, which names the parent and what is given. */
  readonly handoff?: string;
  /** `false` leaves the session created, to be activated later. */
  readonly activate?: boolean;
  readonly idempotencyKey?: string;
}

const optionsKnown = [
  'principal',
  'agent',
  'budget',
  'mode',
  'parent',
  'delegation',
  'handoff',
  'activate',
  'idempotencyKey',
] as const satisfies readonly (keyof SessionOptions)[];

/** Opens a session for a principal. Throws with a rejection's code where it is refused. */
export async function openSession(core: Core, options: SessionOptions): Promise<Session> {
  assertMembers('the options of a session', options, optionsKnown);
  const { principal, agent, mode = 'live', activate = true } = options;
  const { parent, delegation, handoff } = options;
  if (!sessionModes.includes(mode))
    throw fault('input-invalid', `mode ${quoted(mode)} is not known`);
  const { ids, clock } = core.options;
  assertTruth('activate', activate);
  // Not for what is null: that may have been a limit which was not found.
  const budget: Amounts = options.budget === undefined ? {} : checkedAmounts(options.budget);
  const key = checkedKey(options.idempotencyKey);
  const secret = ids.secret();
  const { record, answered } = await core.submit(
    core.referenceOf(principal),
    {
      kind: 'open-session',
      session: ids.next(clock.now()),
      agent,
      mode,
      budget,
      activate,
      ...(parent === undefined ? {} : { parent }),
      ...(delegation === undefined ? {} : { delegation: delegationTerms(delegation) }),
      ...(handoff === undefined ? {} : { handoff: handoffKey(handoff) }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    },
    'session',
    committed(ids, { secret }),
  );
  return answered.replayed
    ? attached(core, principal, record, 'outcome-unknown')
    : new Session(core, principal, record, secret);
}

export async function attachSession(
  core: Core,
  principal: Principal,
  id: string,
): Promise<Session> {
  const by = core.readerOf(principal);
  const record = isQualifiedName(id) ? await storedSession(core.options.storage, id) : undefined;
  if (record === undefined || record.org !== by.org || record.principal !== by.id) {
    throw rejected(reject('session-unknown'));
  }
  return attached(core, principal, record, 'store-unavailable');
}

/** `code`: what a store that fails here means to the caller. */
async function attached(
  core: Core,
  principal: Principal,
  record: SessionRecord,
  code: ReadFault,
): Promise<Session> {
  const secret = await sessionSecret(core.options.storage, record, code);
  return new Session(core, principal, record, secret);
}
