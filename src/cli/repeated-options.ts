/**
 * Options that are given twice. Those that collect keep every value; of any other the last would win in
 * silence, and a command would act for another principal, or print another org, than its line says at first.
 */
import type { Command } from 'commander';

const collectors = new WeakSet<object>();

/** A reader of an option that may be given several times. */
export function collecting<R>(
  read: (value: string, others: R | undefined) => R,
): (value: string, others: R | undefined) => R {
  collectors.add(read);
  return read;
}

/** An option that may be given several times, as a list. */
export const collected = collecting(
  (value: string, others: readonly string[] | undefined): readonly string[] => [
    ...(others ?? []),
    value,
  ],
);

/** Has a command, and those below it, refuse an option with a value that is given twice. */
export function refuseRepeated(command: Command): void {
  for (const option of command.options) {
    const { parseArg } = option;
    const takesOne = option.required || option.optional;
    if (!takesOne || (parseArg !== undefined && collectors.has(parseArg))) continue;
    let times = 0;
    command.on(`option:${option.name()}`, () => {
      times += 1;
      if (times > 1) command.error(`error: option '${option.flags}' is given twice`);
    });
  }
  command.commands.forEach(refuseRepeated);
}
