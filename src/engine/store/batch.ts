/**
 * Decides a batch of commands, one after the other, on an overlay over the state, and seals the entries.
 *
 * Pure given its inputs: deciding the same submissions on the same head and state at the same time gives the
 * same bytes. A command whose handling fails an assertion fails alone; the others of the batch go on.
 */
import {
  apply,
  type Command,
  type Event,
  handle,
  isLogTime,
  type RecordChange,
  type RecordsByKind,
  type StateView,
  type StoredAnswer,
} from '../../kernel/index.ts';
import { appendLeaves, rootHash, type SealedEntry, sealEntry } from '../../log/index.ts';
import type { Batch, Head, StoredContent } from '../../storage/storage.ts';
import { fault } from '../error.ts';
import type { PlacedEvent } from './placed-event.ts';
import { Overlay } from './record-cache.ts';
import { toStored } from './stored-record.ts';

/** A text that an event commits to, to be kept beside the log. */
export interface Content {
  readonly field: string;
  readonly salt: string;
  readonly text: string;
}

export interface Submission {
  readonly command: Command;
  readonly contents: readonly Content[];
}

/** The answer to one command, once its batch is committed. */
export interface Answered {
  readonly answer: StoredAnswer;
  readonly replayed: boolean;
  /** The record that is the answer, as it is after the command. */
  readonly record: RecordsByKind[keyof RecordsByKind] | undefined;
  /** Index of the command's first entry; undefined where it needed none. */
  readonly index: number | undefined;
  /** Where it stands in the order of the log: at its first entry, or before the entry of this index. */
  readonly position: number;
  readonly at: number;
}

export type Outcome = { readonly answered: Answered } | { readonly failure: unknown };

export interface DecidedBatch {
  readonly batch: Batch;
  readonly outcomes: readonly Outcome[];
  readonly events: readonly PlacedEvent[];
  readonly changes: Iterable<RecordChange>;
}

/** What calls are made of. It stops nothing that runs in other processes, and answers nobody there. */
const routineEvents: ReadonlySet<Event['type']> = new Set([
  'session-opened',
  'action-decided',
  'permit-started',
  'permit-settled',
]);

function isRoutine({ event }: PlacedEvent): boolean {
  return routineEvents.has(event.type);
}

/** Index behind the last of the events that is no routine; 0 where all are. */
export function urgentIn(events: readonly PlacedEvent[]): number {
  const last = events.findLast((each) => !isRoutine(each));
  return last === undefined ? 0 : last.index + 1;
}

/** A batch while it is being decided, one command after the other, on one head and one state. */
export class BatchInProgress {
  readonly #log: string;
  readonly #head: Head;
  readonly #at: number;
  readonly #overlay: Overlay;
  readonly #entries: SealedEntry[] = [];
  readonly #contents: StoredContent[] = [];
  readonly #events: PlacedEvent[] = [];
  readonly #outcomes: Outcome[] = [];

  constructor(log: string, head: Head, state: StateView, now: number) {
    this.#log = log;
    this.#head = head;
    this.#at = logTime(now, head);
    this.#overlay = new Overlay(state);
  }

  decide(submission: Submission): void {
    try {
      const place = {
        log: this.#log,
        index: this.#head.size + this.#entries.length,
        previous: lastLeaf(this.#head, this.#entries),
        at: this.#at,
      };
      const { contents, ...decided } = this.#overlay.whole(() => {
        const made = decideOne(this.#overlay, submission, place);
        return { ...made, contents: placedContents(submission, made.answered.index) };
      });
      this.#entries.push(...decided.entries);
      this.#events.push(...decided.events);
      this.#contents.push(...contents);
      this.#outcomes.push({ answered: decided.answered });
    } catch (failure) {
      this.#outcomes.push({ failure });
    }
  }

  finish(): DecidedBatch {
    const [head, entries] = [this.#head, this.#entries];
    return {
      batch: {
        expectedSize: head.size,
        expectedPrevious: head.previous,
        entries,
        contents: this.#contents,
        records: [...this.#overlay.changes].map(toStored),
        head: entries.length === 0 ? head : headAfter(head, entries, this.#at),
        routine: this.#events.every(isRoutine),
      },
      outcomes: this.#outcomes,
      events: this.#events,
      changes: this.#overlay.changes,
    };
  }
}

interface Place {
  readonly log: string;
  readonly index: number;
  readonly previous: string | null;
  readonly at: number;
}

function decideOne(overlay: Overlay, { command }: Submission, place: Place) {
  const { log, at } = place;
  const context = { now: at, index: place.index };
  const handled = handle(overlay, command, context);
  const entries: SealedEntry[] = [];
  const events: PlacedEvent[] = [];
  let { previous } = place;
  for (const event of handled.events) {
    const index = place.index + entries.length;
    for (const change of apply(overlay, event, { index, at, by: command.by })) overlay.put(change);
    const sequence =
      event.session === undefined ? undefined : overlay.get('session', event.session)?.sequence;
    const draft = {
      at,
      type: event.type,
      command: command.id,
      by: command.by,
      data: event.data,
      ...(event.session === undefined || sequence === undefined
        ? {}
        : { session: event.session, sequence }),
    };
    const entry = sealEntry(draft, { log, index, previous });
    previous = entry.leaf;
    entries.push(entry);
    events.push({ index, at, command: command.id, by: command.by, sequence, event });
  }
  const { answer, replayed } = handled;
  const record = answer.status === 'done' ? overlay.get(answer.kind, answer.key) : undefined;
  const index = entries.length === 0 ? undefined : place.index;
  return {
    entries,
    events,
    answered: { answer, replayed, record, index, position: place.index, at },
  };
}

/** Throws before anything is decided: a log that took such a time once would never come back from it. */
function logTime(now: number, head: Head): number {
  const at = Math.max(now, head.at);
  if (isLogTime(at)) return at;
  throw fault(
    'internal-error',
    `the clock says ${at}, which is no time in whole ms before the year 10000`,
  );
}

function lastLeaf(head: Head, entries: readonly SealedEntry[]): string | null {
  return entries.at(-1)?.leaf ?? head.previous;
}

/** Contents belong to the command's first entry; a command that wrote none has nothing to keep. */
function placedContents(
  { contents }: Submission,
  index: number | undefined,
): readonly StoredContent[] {
  if (index === undefined) return [];
  return contents.map(({ field, salt, text }) => ({ index, field, salt, text }));
}

function headAfter(head: Head, entries: readonly SealedEntry[], at: number): Head {
  const frontier = appendLeaves(
    { size: head.size, hashes: head.frontier },
    entries.map((entry) => entry.leaf),
  );
  return {
    size: frontier.size,
    previous: lastLeaf(head, entries),
    root: rootHash(frontier),
    frontier: frontier.hashes,
    at,
  };
}
