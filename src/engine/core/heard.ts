/** Telling subscribers: what they do with it is theirs. */
import { thrownText } from '../error.ts';

/**
 * What was committed is committed: a subscriber that throws must not turn an answer into an error, nor miss
 * what comes next.
 */
export function heard(tell: () => unknown): void {
  try {
    const told = tell();
    // An async function passes for one that gives nothing: where it rejects, the process would end.
    if (told !== undefined) Promise.resolve(told).catch(warn);
  } catch (failure) {
    warn(failure);
  }
}

function warn(failure: unknown): void {
  process.emitWarning(`a subscriber of agent-control-plane threw: ${thrownText(failure)}`);
}
