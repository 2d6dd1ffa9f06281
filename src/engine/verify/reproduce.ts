/**
 * Decides a recorded call again from what the log has of it, to see whether the same entries come out.
 *
 * The command is put together from its entries and the arguments kept beside them. Everything that a decision
 * depends on is there, or the same bytes could not come out of it.
 */
import { type Command, type Event, handle } from '../../kernel/index.ts';
import { canonicalJson } from '../../log/index.ts';
import type { LogEvent } from '../store/feed.ts';
import type { Fold } from './fold.ts';

type Decided = Extract<Event, { readonly type: 'action-decided' }>;

/** Members of the recorded entries that come out otherwise; none where every byte is the same. */
export function differingMembers(
  fold: Fold,
  decided: Decided,
  entries: readonly LogEvent[],
  callArguments: unknown,
): readonly string[] {
  const [first] = entries;
  if (first === undefined) return [];
  const command = commandOf(decided, first, callArguments);
  const again = handle(fold, command, { now: first.at, index: first.index }).events;
  if (again.length !== entries.length) return ['entries'];
  return entries.flatMap(({ type, session, data }, position) => {
    const other = again[position];
    const [was, is] = [
      { type, session, ...bare(data) },
      { type: other?.type, session: other?.session, ...bare(other?.data ?? {}) },
    ];
    const names = new Set([...Object.keys(was), ...Object.keys(is)]);
    return [...names].filter((name) => textOf(was, name) !== textOf(is, name));
  });
}

/** Without what the engine attaches: fresh salts, and the key of whoever sent it. */
function bare(data: object): Readonly<Record<string, unknown>> {
  const attached = new Set(['commitments', 'idempotency']);
  return Object.fromEntries(Object.entries(data).filter(([name]) => !attached.has(name)));
}

function textOf(members: Readonly<Record<string, unknown>>, name: string): string {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  return value === undefined ? '' : canonicalJson(value);
}

function commandOf(
  { data }: Decided,
  { command, by, session }: LogEvent,
  callArguments: unknown,
): Command {
  const { code, message, definition, policyHash, facts, estimate = {} } = data;
  const valid = code !== 'arguments-invalid';
  return {
    kind: 'authorize',
    id: command,
    by,
    session: session ?? '',
    tool: data.tool,
    definition,
    arguments: callArguments,
    argumentsDigest: data.argumentsDigest,
    schema: { definition, valid, problem: valid ? '' : message },
    estimate,
    start: data.permit !== 'issued',
    ...(data.model === undefined ? {} : { model: data.model }),
    ...(data.fence === undefined ? {} : { fence: data.fence }),
    ...(facts === undefined ? {} : { facts: { policyHash, found: facts } }),
  };
}
