/** Telling subscribers: what they do with it is theirs. */
import { thrownText } from '../error.ts';

/**
 * What was committed is committed: a subscriber that throws must not turn an answer into an error, nor miss
 * what comes next.
 */
export function heard(tell: () => void): void {
  try {
    tell();
  } catch (failure) {
    process.emitWarning(`a subscriber of agent-control-plane threw: ${thrownText(failure)}`);
  }
}
