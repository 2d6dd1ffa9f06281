/** Telling code of the host something: what it does with it is its own. */
import { thrownText } from '../error.ts';

/**
 * What was committed is committed: a subscriber that throws must not turn an answer into an error, nor miss
 * what comes next. No more must whoever is told what happened in a gateway: anybody with a wrong token has
 * something told.
 */
export function heard(tell: () => unknown, who = 'a subscriber of agent-control-plane'): void {
  const warn = (failure: unknown): void =>
    process.emitWarning(`${who} threw: ${thrownText(failure)}`);
  try {
    const told = tell();
    // An async function passes for one that gives nothing: where it rejects, the process would end.
    if (told !== undefined) Promise.resolve(told).catch(warn);
  } catch (failure) {
    warn(failure);
  }
}
