/** Commands as callers within the engine give them. */
import { type Command, limits } from '../../kernel/index.ts';
import { fault } from '../error.ts';
import { isStorable } from '../store/parcel.ts';

/** A command without what the core adds: its id, who submits it, commitments. */
export type CommandBody = Command extends infer C
  ? C extends Command
    ? Omit<C, 'id' | 'by' | 'commitments'>
    : never
  : never;

/** Members by which a command names something, and which a refusal of it repeats in the log. */
const naming = [
  'agent',
  'grant',
  'key',
  'org',
  'parent',
  'plan',
  'session',
  'ticket',
  'tool',
  'transition',
] as const;

/** The member that is not a name but the whole of what is declared or granted, which the kernel checks. */
const declared: Readonly<Partial<Record<CommandBody['kind'], (typeof naming)[number]>>> = {
  'register-agent': 'agent',
  'register-tool': 'tool',
  'quarantine-tool': 'tool',
  'issue-key': 'key',
  'set-budget': 'plan',
  'approve-ticket': 'grant',
};

/**
 * What is longer than any name names nothing, and would fill the log with its refusals. What no store can
 * look up would fail whatever others asked for at the same time.
 */
export function assertNames(body: CommandBody): void {
  for (const member of naming) {
    if (!Object.hasOwn(body, member) || declared[body.kind] === member) continue;
    const value = (body as Readonly<Record<string, unknown>>)[member];
    if (!isStorable(value) || value.length > limits.nameLengthMax) {
      throw fault('input-invalid', `\`${member}\` is no name, or longer than any name can be`);
    }
  }
}
