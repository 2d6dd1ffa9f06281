/** Mutants of the gateway around a call: what its server gets, how it is started again, and who is asked. */
import type { Mutant } from './mutant.ts';

const gateway = (file: string) => `src/enforce/mcp/${file}.ts`;
const questionTests = ['test/mcp/approval-question.test.ts'];
const retryTests = ['test/mcp/upstream-retries.test.ts'];
const refusedTests = ['test/mcp/http-cancelled.test.ts'];

export const gatewayCallMutants: readonly Mutant[] = [
  {
    name: 'gateway-environment-passed-on',
    guards: 'A server has nothing of the gateway’s environment that it was not given.',
    file: gateway('upstream/reach'),
    find: 'env: { ...getDefaultEnvironment(), ...target.env },',
    replace: 'env: { ...(process.env as Record<string, string>), ...target.env },',
    tests: ['test/mcp/server-environment.test.ts'],
  },
  {
    name: 'gateway-starts-without-pause',
    guards: 'A server that does not start is tried after longer and longer.',
    file: gateway('upstream/upstream'),
    find: 'this.#delayMs = Math.min(this.#delayMs * 2, delayMsMax);',
    replace: '',
    tests: retryTests,
  },
  {
    name: 'gateway-retry-outlives-it',
    guards: 'No server is started for a gateway that is closed.',
    file: gateway('upstream/upstream'),
    find: 'this.#cancelRetry?.();',
    replace: '',
    tests: retryTests,
  },
  {
    name: 'gateway-start-outlives-it',
    guards: 'A server that starts after the gateway was closed is let go of.',
    file: gateway('upstream/upstream'),
    find: '    if (this.#isClosed) {',
    replace: '    if (this.#isClosed && this.#client !== undefined) {',
    tests: retryTests,
  },
  {
    name: 'gateway-asks-without-end',
    guards: 'A call is asked about a few times, and not for ever.',
    file: gateway('call/call'),
    find: ' || asked >= askingsMax',
    replace: '',
    tests: questionTests,
  },
  {
    name: 'gateway-asks-what-is-not-shown',
    guards: 'Nobody is asked to approve what a card does not show.',
    file: gateway('call/approval-at-client'),
    find: 'if (card?.approvable !== true) return undefined;',
    replace: 'if (card === undefined) return undefined;',
    tests: questionTests,
  },
  {
    name: 'gateway-second-answer-is-a-fault',
    guards: 'Whoever answers second is not told of a fault.',
    file: gateway('call/approval-at-client'),
    find: "if (!ControlPlaneError.is(failure) || failure.code !== 'ticket-not-pending') throw failure;",
    replace: 'throw failure;',
    tests: questionTests,
  },
  {
    name: 'gateway-decides-on-what-goes-along',
    guards: 'What goes along with a reading is no part of what was approved.',
    file: gateway('passing/governed-request'),
    find: 'control.read(asked),',
    replace: 'control.read(params),',
    tests: ['test/mcp/governed-requests.test.ts'],
  },
  {
    name: 'gateway-key-of-any-length',
    guards: 'A key that is too long is refused by its name.',
    file: gateway('call/call'),
    find: 'if (fits && key.length <= limits.idempotencyKeyLengthMax) return key;',
    replace: 'if (fits) return key;',
    tests: ['test/mcp/idempotency-key.test.ts'],
  },
  {
    name: 'http-refused-id-stays-taken',
    guards: 'The id of a request that was refused is free again.',
    file: gateway('http/session-transport'),
    find: 'if (answer.status !== 200) this.#running.delete(id);',
    replace: '',
    tests: refusedTests,
  },
  {
    name: 'http-refused-client-stays',
    guards: 'A client that was not let in leaves no session open.',
    file: gateway('http/streams'),
    find: 'if (answer.status !== 200) holds.end(hold);',
    replace: '',
    tests: refusedTests,
  },
  {
    name: 'task-kept-for-no-time',
    guards: 'A task is kept for long enough to be asked about.',
    file: gateway('call/client-tasks'),
    find: 'Math.min(Math.max(asked, ttlMsMin), ttlMsMax)',
    replace: 'Math.min(asked, ttlMsMax)',
    tests: ['test/mcp/task-times.test.ts'],
  },
];
