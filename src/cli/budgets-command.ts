/** `budgets`: the budget plans of a log, and what is used and left of each account. */
import { anyOrgOption } from './org-option.ts';
import type { Command } from 'commander';
import type { BudgetsOptions } from './print-budgets.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addBudgetsCommand(program: Command): void {
  program
    .command('budgets')
    .description('Print the budget plans of a log, with what is used and left of each.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option(
      '--org <org>',
      'only plans of this org; `*` for those of the installation',
      anyOrgOption,
    )
    .option('--past', 'every account there is, those of windows that are over too')
    .option(
      '--forecast',
      'how much is used a day so far, and when the limit is reached at that rate',
    )
    .option('--lint', 'whom each plan binds as far as the log knows, and what is likely not meant')
    .option('--json', 'one JSON object a line, amounts as exact decimal texts')
    .addHelpText(
      'after',
      `
One line for each member with an account in the window that is now. \`*\` as the
member means that all share one account; \`-\` means that nothing was used yet.
\`posted\` is used up, \`reserved\` is held by calls that have not ended, and \`left\`
is what new calls may reserve, or 0 once the account is frozen by an overrun. In
the bar, # is used or held. A rolling window is one line, the slices that count
now together; with --past each slice is a line, and nothing is said of what is
left, as that is for all slices together.

--forecast divides what is posted by the time since the window began. There is
no rate in a window without an end, nor before a hundredth of one is over. It is
a straight line: it knows neither nights nor weekends, and does not count what
is reserved.

The tables are read as they stand: \`agent-control-plane verify\` tells whether
they are what the log says. Budgets of sessions are in \`sessions list\`.

Examples:
  $ agent-control-plane budgets control-plane.db
  $ agent-control-plane budgets control-plane.db --org acme --past
  $ agent-control-plane budgets control-plane.db --forecast
  $ agent-control-plane budgets control-plane.db --lint
  $ agent-control-plane budgets control-plane.db --json | jq -r 'select(.frozen) | .plan'

Exit codes: 0 printed, 1 lint found something, 2 the file could not be read.`,
    )
    .action(async (file: string, options: BudgetsOptions) => {
      const { printBudgets } = await import('./print-budgets.ts');
      await printBudgets(file, options);
    });
}
