/** Commands as callers within the engine give them. */
import type { Command } from '../kernel/index.ts';

/** A command without what the core adds: its id, who submits it, commitments. */
export type CommandBody = Command extends infer C
  ? C extends Command
    ? Omit<C, 'id' | 'by' | 'commitments'>
    : never
  : never;
