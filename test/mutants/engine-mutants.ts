/** Mutants of the engine's reports: whose calls they count, and when. */
import type { Mutant } from './mutant.ts';

const usageTests = ['test/engine/usage-report.test.ts'];

export const engineMutants: readonly Mutant[] = [
  {
    name: 'usage-shows-other-orgs',
    guards: 'A report of one org has no number of another.',
    file: 'src/engine/usage-report.ts',
    find: '(org === undefined || placed.by.org === org)',
    replace: 'org !== placed.by.id',
    tests: usageTests,
  },
  {
    name: 'usage-forgets-late-ends',
    guards: 'A call counts when it was decided, however late it ended.',
    file: 'src/engine/usage-report.ts',
    find: 'if (at >= to && calls.open.size + calls.givenUp.size === 0) break;',
    replace: 'if (at >= to) break;',
    tests: usageTests,
  },
];
