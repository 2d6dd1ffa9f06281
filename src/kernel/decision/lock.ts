/**
 * Resource locks: of the actions that the policy locks, one permit at a time is open on a resource, whatever
 * session of the org it is in.
 *
 * A lock is taken in the entry that issues the permit and freed in the entry that resolves it: it covers the
 * execution, and a tool that was told to stop keeps its lock until it is known how it ended. INVARIANT: a
 * lock that is held names the decision of an open permit.
 */
import { hash } from 'node:crypto';
import type { Authorize } from '../command.ts';
import { modelIdOf } from '../model/model-call.ts';
import { quoted } from '../name.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { RecordChange, RecordsByKind, SessionRecord, StateView } from '../record.ts';
import type { DecisionRecord } from './decision-record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { resourceOf } from '../tool/resource-of.ts';

interface Locked {
  readonly org: string;
  readonly resource: string;
}

/** Longer resources are named by their hash: stores keep keys in an index, whose rows are bounded. */
const plainLengthMax = 512;

/** An org is a name, and no name has a `|` or a `#`: keys cannot collide. */
export function lockKey({ org, resource }: Locked): string {
  if (resource.length <= plainLengthMax) return `${org}|${resource}`;
  return `${org}#${hash('sha256', resource, 'hex')}`;
}

/** Whether the active policy locks an action. A policy in shadow mode refuses nothing, and locks nothing. */
export function isLocked(policy: RecordsByKind['policy'] | undefined, action: string): boolean {
  if (policy?.document.locks === undefined) return false;
  const { actions, enforced } = compilePolicy(policy.document);
  return enforced && actions.get(action)?.isExclusive === true;
}

/** The lock that a call needs, as far as `peek` can tell; undefined where it needs none. */
export function lockOf(
  command: Authorize,
  session: SessionRecord,
  peek: <K extends 'policy' | 'tool' | 'prices'>(
    kind: K,
    key: string,
  ) => RecordsByKind[K] | undefined,
): string | undefined {
  const tool = peek('tool', command.tool);
  if (tool === undefined || !isLocked(peek('policy', 'active'), tool.action)) return undefined;
  const model =
    command.model === undefined
      ? undefined
      : modelIdOf(peek('prices', 'active'), command.model.name);
  const resource = resourceOf(tool, command.arguments, model);
  return resource === undefined ? undefined : lockKey({ org: session.org, resource });
}

/** Why a call cannot have its lock now. Who else works on the resource is only told within its org. */
export function lockRefusal(view: StateView, locked: Locked): Rejection | undefined {
  const decision = view.get('lock', lockKey(locked))?.decision ?? '';
  if (decision === '') return undefined;
  const message = `${quoted(locked.resource)} is locked by the call of decision ${quoted(decision)}`;
  return reject('resource-locked', message, 'send the call again when that one has ended');
}

/** The change that taking a lock is. */
export function lockTaken(view: StateView, decision: DecisionRecord): readonly RecordChange[] {
  if (decision.lock !== true) return [];
  const before = view.get('lock', lockKey(decision));
  if ((before?.decision ?? '') !== '') throw new Error('assertion: a lock is taken twice');
  return [lockChange(decision, decision.id)];
}

/** The change that the end of a permit makes to its lock. */
export function lockFreed(view: StateView, decision: DecisionRecord): readonly RecordChange[] {
  if (decision.lock !== true) return [];
  const holder = view.get('lock', lockKey(decision))?.decision;
  if (holder !== decision.id)
    throw new Error('assertion: a lock is freed by another than its holder');
  return [lockChange(decision, '')];
}

function lockChange(locked: Locked, decision: string): RecordChange {
  const { org, resource } = locked;
  return { kind: 'lock', key: lockKey(locked), value: { org, resource, decision } };
}
