/** What a handler is given, and what handling a command gives. */
import type { Command } from './command.ts';
import type { Event } from './event.ts';
import type { RecordKind, StateView, StoredAnswer } from './record.ts';
import type { Rejection } from './rejection.ts';

/** When and where the first event of a command will stand. */
export interface HandleContext {
  /** Log time, ms. */
  readonly now: number;
  /** Index of the next entry. */
  readonly index: number;
}

export interface Handled {
  readonly events: readonly Event[];
  readonly answer: StoredAnswer;
  /** Whether the answer is an earlier one, given again. */
  readonly replayed: boolean;
}

/** What a handler returns: events and the record that is the answer, or why not. */
export type HandlerResult =
  | {
      readonly events: readonly Event[];
      readonly subject: { readonly kind: RecordKind; readonly key: string };
      readonly replayed?: boolean;
    }
  | {
      readonly rejection: Rejection;
      /** Events that are true whatever the refusal, such as an expiry that was found. */
      readonly events?: readonly Event[];
    };

export type HandlerFor<C extends Command> = (
  view: StateView,
  command: C,
  context: HandleContext,
) => HandlerResult;
