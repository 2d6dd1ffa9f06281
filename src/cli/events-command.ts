/** `events`: the log's entries, one line each, as they are or as they come. */
import { sessionOption } from './org-option.ts';
import { collecting } from './repeated-options.ts';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { eventTypes } from '../kernel/event-types.ts';
import type { EventsOptions } from './print-events.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addEventsCommand(program: Command): void {
  program
    .command('events')
    .description('Print the entries of a log, oldest first, one line each.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--session <id>', 'only entries of this session', sessionOption)
    .addOption(
      new Option('--type <type>', 'only entries of this type; may be given several times')
        .choices(eventTypes)
        .argParser(
          collecting((type: string, others: readonly string[] | undefined) => {
            if ((eventTypes as readonly string[]).includes(type)) return [...(others ?? []), type];
            throw new InvalidArgumentError(`The types are ${eventTypes.join(', ')}.`);
          }),
        ),
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
    .action(async (file: string, options: EventsOptions) => {
      const { printEvents } = await import('./print-events.ts');
      await printEvents(file, options);
    });
}

function wholeNumber(text: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}
