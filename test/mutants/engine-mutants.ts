/** Mutants of the engine: whose calls its reports count and when, and what bounds work. */
import type { Mutant } from './mutant.ts';

const usageTests = ['test/engine/usage-report.test.ts'];

export const engineMutants: readonly Mutant[] = [
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
];
