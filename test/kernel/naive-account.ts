/** What was given for calls, what it was charged, and what that comes to: each sum is counted anew. */
import type { Amounts, Command } from '../../src/kernel/index.ts';
import type { Call, naiveAnswer, Session } from './naive-call.ts';

/** A permit, a ticket or a steer; a kill makes it void. `used` is what a permit was charged. */
type Given = { what: string; session: Session; call: Call; answer: ReturnType<typeof naiveAnswer> };
type Marks = { used?: Amounts; isVoid?: boolean; isAwaited?: boolean };
export type Grant = Readonly<Given> & Marks & { status: string; ends: number };

/** What a command says was used; the action itself always is. */
export const told = (command: Command): Amounts => ({
  ...('usage' in command && command.usage !== 'reserved' ? command.usage : {}),
  actions: 1,
});

/** What a permit that was given up had used, told once: it can only raise what was charged. */
export function tellLate(grant: Grant | undefined, command: Command): string {
  if (!grant?.isAwaited) return 'unchanged';
  for (const [unit, amount] of Object.entries(told(command)))
    grant.used = { ...grant.used, [unit]: Math.max(amount, grant.used?.[unit] ?? 0) };
  grant.isAwaited = false;
  return 'done';
}

/** A session's budget in a unit, counted from its permits. */
export function naiveBudget(grants: readonly Grant[], of: Session, unit: string) {
  const permits = grants.filter(({ what, session }) => what === 'permit' && session === of);
  const open = permits.filter(({ status }) => status === 'issued' || status === 'started');
  const at = (amounts: Amounts | undefined): number => amounts?.[unit] ?? 0;
  const sum = (list: readonly number[]): number => list.reduce((all, each) => all + each, 0);
  return {
    limit: at(of.budget),
    reserved: sum(open.map(({ answer }) => at(answer.cost))),
    posted: sum(permits.map(({ used }) => at(used))),
    frozen: permits.some(({ used, answer }) => at(used) > at(answer.cost)),
  };
}
