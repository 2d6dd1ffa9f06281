/** Commands as callers within the engine give them. */
import { type Command, limits } from '../../kernel/index.ts';
import { fault } from '../error.ts';

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
] as const;

/** What is longer than any name names nothing, and would fill the log with its refusals. */
export function assertNames(body: CommandBody): void {
  for (const member of naming) {
    const value = (body as Readonly<Record<string, unknown>>)[member];
    if (value === undefined || typeof value === 'object') continue;
    if (typeof value !== 'string' || value.length > limits.nameLengthMax) {
      throw fault('input-invalid', `\`${member}\` is no name, or longer than any name can be`);
    }
  }
}
