/** `prices`: the active price catalogue of a log, and what is to be said of another one. */
import type { Command } from 'commander';
import type { PricesOptions } from './print-prices.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addPricesCommand(program: Command): void {
  program
    .command('prices')
    .description('Print the active price catalogue of a log, or check or compare another one.')
    .argument('[file]', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--model <name>', 'all prices of the model that a call of this name would be of')
    .option('--check <catalogue>', 'check a catalogue in JSON; takes no file of a control plane')
    .option('--diff <catalogue>', 'what a catalogue in JSON would change of the active one')
    .option('--json', 'one JSON object a line, prices as exact decimal texts')
    .addHelpText(
      'after',
      `
Prices are in USD for a million tokens, those of a request in USD for each one,
as they are now by the time of the log. What a catalogue leaves out is filled
in: tokens read from or written to a cache cost what input does, reasoning what
output does. A line that says \`above\` has the prices of all tokens of calls with
more input than that.

--model finds a name as a call does: exactly, or with a date behind it where the
catalogue says so. --diff compares the prices of now one by one.

Examples:
  $ agent-control-plane prices control-plane.db
  $ agent-control-plane prices control-plane.db --model gpt-4o-2024-08-06
  $ agent-control-plane prices --check catalogue.json
  $ agent-control-plane prices control-plane.db --diff catalogue.json

Exit codes: 0 printed, 1 not listed, not right or not the same, 2 not readable.`,
    )
    .action(async (file: string | undefined, options: PricesOptions) => {
      const { printPrices } = await import('./print-prices.ts');
      await printPrices(file, options);
    });
}
