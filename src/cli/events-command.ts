/** `events`: the log's entries, one line each, as they are or as they come. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type EventQuery, type LogEvent, readEvents } from '../engine/index.ts';
import { EntryError } from '../log/index.ts';
import { eventSummary, eventTypes } from './event-summary.ts';
import { CommandError, messageOf } from './exit.ts';
import { type OpenLogFile, withLogFile } from './log-file.ts';
import { brief, type Colors, colorsFor, jsonLine, print, shown } from './terminal.ts';

interface EventsOptions {
  readonly log: string;
  readonly session?: string;
  readonly type?: readonly string[];
  readonly from: number;
  readonly limit?: number;
  readonly follow?: true;
  readonly contents?: true;
  readonly json?: true;
}

const followMs = 300;

export function addEventsCommand(program: Command): void {
  program
    .command('events')
    .description('Print the entries of a log, oldest first, one line each.')
    .argument('<file>', 'the file of a control plane, as given to `sqlite()`')
    .option('--log <name>', 'which log of the file', 'main')
    .option('--session <id>', 'only entries of this session')
    .addOption(
      new Option('--type <type>', 'only entries of this type; may be given several times')
        .choices(eventTypes)
        .argParser((type: string, others: readonly string[] | undefined) => {
          if ((eventTypes as string[]).includes(type)) return [...(others ?? []), type];
          throw new InvalidArgumentError(`The types are ${eventTypes.join(', ')}.`);
        }),
    )
    .option('--from <index>', 'start at this index', wholeNumber, 0)
    .option('--limit <count>', 'print at most this many entries', wholeNumber)
    .option('--follow', 'wait for further entries and print them as they come (Ctrl-C ends it)')
    .option('--contents', 'print arguments, results and reasons, which are kept beside the log')
    .option('--json', 'one JSON object a line; contents are included')
    .addHelpText(
      'after',
      `
A line has the index, the time, who caused it, the type and a summary. Whatever
in it could disturb a terminal is escaped, so an entry is always one line.

Examples:
  $ agent-control-plane events control-plane.db --limit 20
  $ agent-control-plane events control-plane.db --type action-decided --type permit-settled
  $ agent-control-plane events control-plane.db --session 0199… --contents
  $ agent-control-plane events control-plane.db --json | jq 'select(.data.outcome == "deny")'

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action((file: string, options: EventsOptions) =>
      withLogFile(file, options.log, (opened) => printEvents(opened, options)),
    );
}

async function printEvents({ storage }: OpenLogFile, options: EventsOptions): Promise<void> {
  const { session, type, follow, json } = options;
  const colors = colorsFor(process.stdout);
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

/** An entry that does not parse is a case for `verify`; here it ends the reading. */
async function* readable(events: AsyncIterable<LogEvent>): AsyncGenerator<LogEvent> {
  try {
    yield* events;
  } catch (failure) {
    if (!(failure instanceof EntryError)) throw failure;
    throw new CommandError(
      `an entry cannot be read: ${messageOf(failure)}`,
      '`agent-control-plane verify` names the first bad entry',
      { cause: failure },
    );
  }
}

/** Time as people write it down; log time may be anything that a counter can hold. */
export function timeText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
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

function wholeNumber(text: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
