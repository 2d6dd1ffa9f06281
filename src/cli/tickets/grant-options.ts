/** The options of `tickets approve` by which more is granted than the one call. */
import { quoted } from '../../kernel/name.ts';
import { type Command, InvalidArgumentError } from 'commander';
import type { GrantOrder } from '../../engine/index.ts';
import { collected, collecting } from '../repeated-options.ts';
import { CommandError } from '../exit.ts';
import { expiryOption } from '../expiry-option.ts';

export interface GrantOptions {
  readonly grantAction?: readonly string[];
  readonly grantResource?: readonly string[];
  readonly grantWhen?: string;
  readonly grantUses?: number;
  readonly grantUntil?: Date;
  readonly grantCost?: Readonly<Record<string, string>>;
  readonly grantSession?: true;
}

export function addGrantOptions(command: Command): Command {
  return command
    .option('--grant-action <pattern>', 'also approve later calls of these actions', collected)
    .option('--grant-resource <pattern>', 'only on these resources', collected)
    .option('--grant-when <condition>', 'only where this CEL condition holds of the call')
    .option('--grant-uses <number>', 'how many later calls', wholeNumber)
    .option('--grant-until <time>', 'until when, such as 8h or 2026-12-31', expiryOption)
    .option(
      '--grant-cost <unit=amount>',
      'the most that they may cost together',
      collecting(costOf),
    )
    .option('--grant-session', 'only in the session of the ticket');
}

function wholeNumber(text: string): number {
  if (!/^(0|[1-9][0-9]{0,5})$/.test(text)) throw new InvalidArgumentError('It must be a number.');
  return Number(text);
}

function costOf(
  text: string,
  others: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const [, unit, amount] = /^([^=]+)=([0-9.]+)$/.exec(text) ?? [];
  if (unit === undefined || amount === undefined) {
    throw new InvalidArgumentError('It must be a unit and an amount, such as usd=500.');
  }
  if (others !== undefined && Object.hasOwn(others, unit)) {
    throw new InvalidArgumentError(`${quoted(unit)} has one amount.`);
  }
  return { ...others, [unit]: amount };
}

/** The grant that the options ask for, or undefined. A part of one is refused: nothing of it is guessed. */
export function grantOf(options: GrantOptions): GrantOrder | undefined {
  const { grantAction, grantResource, grantWhen, grantUses, grantUntil, grantCost } = options;
  const { grantSession } = options;
  const given = [grantAction, grantResource, grantWhen, grantUses, grantUntil, grantCost];
  if (given.every((each) => each === undefined) && grantSession === undefined) return undefined;
  if (grantAction === undefined || grantUses === undefined || grantUntil === undefined) {
    throw new CommandError(
      'a grant needs --grant-action, --grant-uses and --grant-until',
      'leave out every --grant option to approve the one call',
    );
  }
  return {
    actions: grantAction,
    uses: grantUses,
    expiresAt: grantUntil,
    ...(grantResource === undefined ? {} : { resources: grantResource }),
    // A text is CEL, which the control plane reads.
    ...(grantWhen === undefined ? {} : { when: { cel: grantWhen } as never }),
    ...(grantCost === undefined ? {} : { cost: grantCost }),
    ...(grantSession === true ? { sessionOnly: true } : {}),
  };
}
