/** Mutants of the engine and the command line: what reports count, what bounds work, what is printed. */
import type { Mutant } from './mutant.ts';

const usageTests = ['test/engine/usage-report.test.ts'];

export const engineMutants: readonly Mutant[] = [
  {
    name: 'schema-problem-with-half-a-character',
    guards: 'What is told of arguments that do not fit is whole text, which the log can take.',
    file: 'src/engine/tools/schema-fact.ts',
    find: '.toWellFormed();',
    replace: '.toString();',
    tests: ['test/engine/schema-problem.test.ts'],
  },
  {
    name: 'usage-shows-other-orgs',
    guards: 'A report of one org has no number of another.',
    file: 'src/engine/budgets/usage-report.ts',
    find: '(org === undefined || placed.by.org === org)',
    replace: 'org !== placed.by.id',
    tests: usageTests,
  },
  {
    name: 'usage-forgets-late-ends',
    guards: 'A call counts when it was decided, however late it ended.',
    file: 'src/engine/budgets/usage-report.ts',
    find: 'if (at >= to && calls.open.size + calls.givenUp.size === 0) break;',
    replace: 'if (at >= to) break;',
    tests: usageTests,
  },
  {
    name: 'log-of-any-time',
    guards: 'A log takes no time from which it would never come back.',
    file: 'src/engine/store/batch.ts',
    find: 'if (isLogTime(at)) return at;',
    replace: 'if (!Number.isNaN(at)) return at;',
    tests: ['test/attack/time.test.ts'],
  },
  {
    name: 'time-goes-back-for-readers',
    guards: 'A clock that is set back makes nothing good again that is over by the log.',
    file: 'src/engine/core/core.ts',
    find: 'return Math.max(clock.now(), replica.head.at);',
    replace: 'return clock.now();',
    tests: ['test/attack/time.test.ts'],
  },
  {
    name: 'inconsistency-beneath-an-unknown-outcome',
    guards:
      'A log that contradicts what was seen ends the work of its process, whatever its caller is told.',
    file: 'src/engine/store/sequencer.ts',
    find: "return failure.code === 'log-inconsistent' ? failure : inconsistencyIn(failure.cause);",
    replace: "return failure.code === 'log-inconsistent' ? failure : undefined;",
    tests: ['test/engine/parcel-trouble.test.ts'],
  },
  {
    name: 'lease-kept-by-the-clock',
    guards: 'A worker that the store does not answer holds its lease no longer than its term.',
    file: 'src/engine/session/lease.ts',
    find: 'options.clock.after(this.#expiresAt - now, () =>',
    replace: 'options.clock.after(this.#expiresAt - options.clock.now() + 0 * now, () =>',
    tests: ['test/engine/leases.test.ts'],
  },
  {
    name: 'queue-without-end',
    guards: 'A call that comes when too many wait is turned away.',
    file: 'src/engine/store/sequencer.ts',
    find: 'if (this.#queue.length >= limits.queueLengthMax) return',
    replace: 'if (this.#queue.length < 0) return',
    tests: ['test/engine/bounds.test.ts'],
  },
  {
    name: 'time-to-run-without-signal',
    guards: 'Work that runs longer than it may gets its signal.',
    file: 'src/engine/core/running.ts',
    find: 'this.#byPermit.get(permit)?.controller.abort(reason);',
    replace: '',
    tests: ['test/engine/bounds.test.ts'],
  },
  {
    name: 'failed-command-leaves-records',
    guards: 'Of a command that cannot be decided nothing is kept in its batch.',
    file: 'src/engine/store/record-cache.ts',
    find: 'of this.#replaced.toReversed()) {',
    replace: 'of this.#replaced.slice(0, 0)) {',
    tests: ['src/engine/store/batch.test.ts'],
  },
  {
    name: 'refusal-without-place',
    guards:
      'A refusal says where it stands in the order of the log, whether or not it has an entry.',
    file: 'src/engine/store/batch.ts',
    find: 'position: place.index, at }',
    replace: 'position: index ?? 0, at }',
    tests: ['test/engine/refusal-index.test.ts'],
  },
  {
    name: 'cut-off-is-good',
    guards: 'A command whose reader goes away before it has finished does not end with 0.',
    file: 'src/cli/terminal.ts',
    find: 'process.exit(exitCodes.unable);',
    replace: 'process.exit();',
    tests: ['test/cli/verify.test.ts'],
  },
  {
    name: 'unseen-is-printed',
    guards: 'What is not seen on a terminal is spelled out.',
    file: 'src/cli/terminal.ts',
    find: '\\p{Default_Ignorable_Code_Point}',
    replace: '',
    tests: ['src/cli/terminal.test.ts'],
  },
];
