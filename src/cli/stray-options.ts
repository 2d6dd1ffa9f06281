/** Options that stand before the name of a command that does not have them: nothing would heed them. */
import type { Command } from 'commander';

/** Has the commands below a command refuse the options of those above that are not theirs, too. */
export function refuseStray(command: Command): void {
  command.hook('preAction', (above, acting) => {
    if (above === acting) return;
    for (const option of above.options) {
      const name = option.attributeName();
      const isGiven = above.getOptionValueSource(name) === 'cli';
      if (!isGiven || acting.options.some((each) => each.attributeName() === name)) continue;
      acting.error(`error: option '${option.flags}' has no effect on '${acting.name()}'`);
    }
  });
  command.commands.forEach(refuseStray);
}
