/** Prints the entries of a log, and waits for more where that was asked for. */
import { type EventQuery, type LogEvent, readEvents } from '../engine/store/feed.ts';
import { eventSummary } from './event-summary.ts';
import { type OpenLogFile, withLogFile } from './log-file.ts';
import { brief, type Colors, colorsFor, jsonLine, print, shown, terminal } from './terminal.ts';
import { timeText } from './time-text.ts';
import { readingFailure } from './unreadable-entry.ts';
import type { LogOptions } from './store-options.ts';

export interface EventsOptions extends LogOptions {
  readonly session?: string;
  readonly type?: readonly LogEvent['type'][];
  readonly from: number;
  readonly limit?: number;
  readonly follow?: true;
  readonly contents?: true;
  readonly json?: true;
}

const followMs = 300;

export function printEvents(file: string, options: EventsOptions): Promise<void> {
  return withLogFile(file, options, (opened) => printFrom(opened, options));
}

async function printFrom({ storage }: OpenLogFile, options: EventsOptions): Promise<void> {
  const { session, type, follow, json } = options;
  const colors = colorsFor(terminal().stdout);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for (let from = options.from; left > 0; await pause(followMs)) {
    const { size } = await storage.head();
    // A query ends where the log ends now; the next one starts there, whatever was filtered out.
    const query: EventQuery = {
      from,
      ...(session === undefined ? {} : { session }),
      ...(type === undefined ? {} : { types: type }),
    };
    for await (const event of readable(readEvents(storage, query))) {
      if (left <= 0) break;
      await print(json === true ? jsonLine(event) : eventLine(event, colors));
      if (json !== true && options.contents === true) await printContents(event, colors);
      from = event.index + 1;
      left -= 1;
    }
    from = Math.max(from, size);
    if (follow !== true) return;
  }
}

async function* readable(events: AsyncIterable<LogEvent>): AsyncGenerator<LogEvent> {
  try {
    yield* events;
  } catch (failure) {
    throw readingFailure(failure);
  }
}

function eventLine(event: LogEvent, colors: Colors): string {
  const who = `${event.by.org}/${event.by.id}`;
  return [
    colors.dim(String(event.index).padStart(6)),
    timeText(event.at),
    brief(who, 40).padEnd(28),
    colors.bold(shown(event.type).padEnd(20)),
    colorOf(event, colors)(eventSummary(event)),
  ].join('  ');
}

function colorOf({ type, data }: LogEvent, colors: Colors): (text: string) => string {
  if (type === 'kill-engaged' || type === 'budget-frozen') return colors.red;
  if (type === 'risk-escalated') return colors.yellow;
  if (!('outcome' in data)) return (text) => text;
  const byOutcome: Readonly<Record<string, (text: string) => string>> = {
    allow: colors.green,
    succeeded: colors.green,
    deny: colors.red,
    failed: colors.red,
    unknown: colors.yellow,
    steer: colors.yellow,
    'require-approval': colors.yellow,
  };
  return byOutcome[data.outcome] ?? ((text) => text);
}

async function printContents(event: LogEvent, colors: Colors): Promise<void> {
  for (const [field, text] of Object.entries(event.contents)) {
    await print(`        ${colors.dim(shown(field))} ${shown(text)}`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
