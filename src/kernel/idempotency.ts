/**
 * Idempotency: same key and payload, same answer; same key and another payload, a refusal.
 *
 * A key is scoped by org, principal and kind of command, so that nobody can meet another's answers. The
 * fingerprint covers the command's payload without its id and without free text (which is committed under
 * a fresh salt each time, and could not be compared).
 */
import { hash } from 'node:crypto';
import type { Command } from './command.ts';
import type { StateView, StoredAnswer } from './record.ts';
import { latchKey } from './kill/latch.ts';
import { sortedEntries } from './order.ts';

/** The key of the record that keeps the answer, or undefined for a command without a key. */
export function commandKey(command: Command): string | undefined {
  if (command.idempotencyKey === undefined) return undefined;
  return `${command.by.org}|${command.by.id}|${command.kind}|${command.idempotencyKey}`;
}

/** Members that differ between two sendings of the same payload, or are covered by another member. */
const unfingerprinted: ReadonlySet<string> = new Set([
  'id',
  'by',
  'idempotencyKey',
  'commitments',
  'arguments',
  'schema',
  'facts',
  // Whoever takes a session over sends its call again under another fence.
  'fence',
]);

export function fingerprintOf(command: Command): string {
  const payload = sortedEntries<unknown>({ ...command }).filter(
    ([name]) => !unfingerprinted.has(name) && !isOpeningIdentity(command, name),
  );
  return hash('sha256', JSON.stringify(payload, sortedMembers), 'hex');
}

/** A session's id is made by the engine at each sending: it is not the caller's payload. */
function isOpeningIdentity(command: Command, name: string): boolean {
  return command.kind === 'open-session' && name === 'session';
}

function sortedMembers(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(sortedEntries({ ...value }));
}

/**
 * Whether a stored answer still is the answer.
 *
 * A call that waited for approval is not answered yet: its next sending continues it. A kill whose latch was
 * released since is not answered by the old success: it kills again.
 */
export function isFinal(view: StateView, command: Command, answer: StoredAnswer): boolean {
  // A change that waited for a second principal is not answered yet, by whoever sends it again.
  if (answer.status === 'rejected') return answer.rejection.code !== 'second-principal-needed';
  if (command.kind === 'authorize') {
    return view.get('decision', answer.key)?.outcome !== 'require-approval';
  }
  if (command.kind === 'engage-kill') {
    return view.get('latch', latchKey(command.scope))?.engaged ?? false;
  }
  return true;
}
