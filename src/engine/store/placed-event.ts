/** Events with their places in the log. */
import type { Command, Event } from '../../kernel/index.ts';
import type { Entry } from '../../log/index.ts';

/** One event with its place in the log. */
export interface PlacedEvent {
  readonly index: number;
  readonly at: number;
  readonly command: string;
  readonly by: Command['by'];
  readonly sequence: number | undefined;
  readonly event: Event;
}

/** What an entry says happened, with its place. */
export function placedEvent(entry: Entry): PlacedEvent {
  const { type, data, session } = entry;
  const event = (session === undefined
    ? { type, data }
    : { type, data, session }) as unknown as Event;
  return {
    index: entry.index,
    at: entry.at,
    command: entry.command,
    by: entry.by as unknown as PlacedEvent['by'],
    sequence: entry.sequence,
    event,
  };
}
