/** `help`: on the program, or on a command however deep; commander's own looks no deeper than one. */
import type { Command } from 'commander';

export function addHelpCommand(program: Command): void {
  program.helpCommand(false);
  program
    .command('help')
    .description('Print help on a command.')
    .argument('[command...]', 'its name, as `kill engage`')
    .action((names: readonly string[]) => {
      let about = program;
      for (const name of names) {
        const below = about.commands.find((each) => each.name() === name);
        about = below ?? about.error(`error: unknown command '${name}'`);
      }
      about.help();
    });
}
