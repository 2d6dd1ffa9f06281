/** `usage`: what calls came to, by whom and of what, from the log. */
import { orgOption } from './org-option.ts';
import type { Command } from 'commander';
import type { UsageOptions } from './print-usage.ts';
import { timeOption } from './time-option.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addUsageCommand(program: Command): void {
  program
    .command('usage')
    .description('Print what calls came to: by principal, model, day and so on.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option(
      '--by <names>',
      'org, team, principal, agent, session, model, action, tool or day; several with commas between',
      'principal,model',
    )
    .option('--from <time>', 'calls from then on: a day, or an instant in UTC', timeOption)
    .option('--to <time>', 'calls before then, which is not included', timeOption)
    .option('--org <org>', 'only calls of this org', orgOption)
    .option('--json', 'one JSON object a line, amounts as exact decimal texts')
    .option('--csv', 'for spreadsheets, with every column there is')
    .addHelpText(
      'after',
      `
A call counts at the instant it was decided, however late it ended: the usage of
a day is what the budgets of that day posted. A day given to --to is not in the
report: --from 2026-01-01 --to 2026-02-01 is January, in UTC.

\`calls\` are all that were decided, \`refused\` those that were not allowed, \`open\`
those that have not ended: what they hold is not in the amounts. \`in full\` are
calls whose use nobody knows, as no usage came or none that can be right; they
are charged all that was reserved. \`other model\` are calls that another model
than the permitted one answered. The tokens in, out, read from and written to a
cache, and of reasoning are as providers counted them. Columns of zeros are left
out.

The last column has a bar for each of the last 30 days of the report, the
largest of its own line in full; a dot is a day without. With \`day\` in --by,
days are lines instead.

In CSV, a text that a spreadsheet would take for a formula has an apostrophe in
front.

Examples:
  $ agent-control-plane usage control-plane.db
  $ agent-control-plane usage control-plane.db --by model,day --from 2026-01-01
  $ agent-control-plane usage control-plane.db --org acme --by principal --csv
  $ agent-control-plane usage control-plane.db --json | jq 'select(.problems > 0)'

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action(async (file: string, options: UsageOptions) => {
      const { printUsage } = await import('./print-usage.ts');
      await printUsage(file, options);
    });
}
