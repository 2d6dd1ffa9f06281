/** What a server answers is walked, judged and written again: how deep it may be is the gateway's to say. */
import { passingLimits } from '../config/config.ts';
import type { RawResult } from '../protocol/raw-result.ts';

/** Throws an error for what is nested too deep. Level by level: what is deep exhausts no stack here. */
export function assertDepth(answer: RawResult): void {
  let level: readonly unknown[] = [answer];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > passingLimits.answerDepthMax) {
      throw new Error(`its answer is nested deeper than ${passingLimits.answerDepthMax} levels`);
    }
    level = level.flatMap((each): readonly unknown[] =>
      typeof each === 'object' && each !== null ? Object.values(each) : [],
    );
  }
}
