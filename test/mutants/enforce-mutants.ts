/** Mutants of enforcement points: what tools, providers and the callbacks of hosts give back may be anything. */
import type { Mutant } from './mutant.ts';

const adapter = (file: string) => `src/enforce/adapters/${file}.ts`;
const generatorTests = ['test/enforce/generators.test.ts'];
const replacedTests = ['test/enforce/replaced-tools.test.ts'];
const answerTests = ['test/enforce/odd-answers.test.ts'];

export const enforceMutants: readonly Mutant[] = [
  {
    name: 'generator-runs-after-its-call',
    guards: 'No code of a tool runs once its permit was settled.',
    file: 'src/enforce/guard.ts',
    find: 'if (types.isGeneratorObject(result)) throw deferred(tool);',
    replace: '',
    tests: generatorTests,
  },
  {
    name: 'stopped-stream-is-asked-on',
    guards: 'A tool that streams is not asked for its next value once it was stopped.',
    file: adapter('ai-sdk'),
    find: 'signal.throwIfAborted();',
    replace: '',
    tests: generatorTests,
  },
  {
    name: 'search-that-the-sdk-replaces',
    guards: 'A tool in whose place the SDK runs code of its own is not said to be governed.',
    file: adapter('ai-sdk'),
    find: "return isCaller || marks[Symbol.for('vercel.ai.toolSearch')] === true;",
    replace: 'return isCaller;',
    tests: replacedTests,
  },
  {
    name: 'caller-that-the-sdk-replaces',
    guards: 'A local caller of tools, whose code the SDK replaces, is not said to be governed.',
    file: adapter('ai-sdk'),
    find: "return isCaller || marks[Symbol.for('vercel.ai.toolSearch')] === true;",
    replace: "return marks[Symbol.for('vercel.ai.toolSearch')] === true;",
    tests: replacedTests,
  },
  {
    name: 'answer-that-is-none-is-left-open',
    guards: 'A model call whose answer cannot be read is settled.',
    file: adapter('ai-sdk-model'),
    find: 'answerOf(await target.doGenerate(capped)),',
    replace: '({ result: await target.doGenerate(capped) }) as ReturnType<typeof answerOf>,',
    tests: answerTests,
  },
  {
    name: 'uncountable-stream-is-left-open',
    guards: 'A stream with a part that cannot be counted is cut and settled.',
    file: adapter('ai-sdk-stream'),
    find: 'await this.stop(failure);',
    replace: '',
    tests: answerTests,
  },
  {
    name: 'host-counts-less-than-nothing',
    guards: 'No count of a host takes from what is reserved.',
    file: adapter('ai-sdk-usage'),
    find: 'if (tokens >= 0 && tokens < Infinity) return tokens;',
    replace: 'if (tokens < Infinity) return tokens;',
    tests: answerTests,
  },
];
