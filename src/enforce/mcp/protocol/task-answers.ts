/**
 * Answers that are a task and no result (2025-11-25). The SDK has types for them and no place: it holds every
 * answer to a call, a sampling or an elicitation against the result that such a request has.
 */
import type { Result } from '@modelcontextprotocol/client';

const made = new WeakSet<object>();

/** An answer of the gateway's own making: what a peer says to be a task is checked like anything it says. */
export function taskAnswer<T extends object>(answer: T): T {
  made.add(answer);
  return answer;
}

export function isTaskAnswer(answer: object): boolean {
  return made.has(answer);
}

type Handler<Q, C> = (request: Q, context: C) => Promise<Result>;

/** As `wrap` has the SDK check requests and results; in place of a task it checks `standIn`. */
export function passingTasks<Q, C>(
  wrap: (handler: Handler<Q, C>) => Handler<Q, C>,
  handler: Handler<Q, C>,
  standIn: Result,
): Handler<Q, C> {
  return async (request, context) => {
    let task: Result | undefined;
    const checked = wrap(async (asked, within) => {
      const answer = await handler(asked, within);
      if (!isTaskAnswer(answer)) return answer;
      task = answer;
      return standIn;
    });
    const answer = await checked(request, context);
    return task ?? answer;
  };
}
