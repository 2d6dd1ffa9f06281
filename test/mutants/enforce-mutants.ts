/** Mutants of enforcement points: what tools, providers and the callbacks of hosts give back may be anything. */
import type { Mutant } from './mutant.ts';

const adapter = (file: string) => `src/enforce/adapters/${file}.ts`;
const generatorTests = ['test/enforce/generators.test.ts'];
const replacedTests = ['test/enforce/replaced-tools.test.ts'];
const answerTests = ['test/enforce/odd-answers.test.ts'];
const stoppedTests = ['test/enforce/stopped-models.test.ts'];

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
  {
    name: 'edited-call-without-its-key',
    guards: 'A keyed call that was edited runs once, also where a grant lets it run again.',
    file: 'src/enforce/granted.ts',
    find: 'const key = idempotencyKey === undefined ? undefined : `${ticket}.${read.digest}`;',
    replace: 'const key = undefined;',
    tests: ['test/engine/edited-calls.test.ts'],
  },
  {
    name: 'model-sent-to-after-its-stop',
    guards: 'Nothing is sent to a governed model once its call was stopped.',
    file: adapter('ai-sdk-model'),
    find: 'if (granted.signal.aborted) throw (await settleUnbegun(session, granted)).thrown;',
    replace: '',
    tests: stoppedTests,
  },
  {
    name: 'call-model-sends-after-its-stop',
    guards: 'Nothing is sent by a model call once it was stopped.',
    file: 'src/enforce/models/call-model.ts',
    find: 'if (signal.aborted) throw (await settleUnbegun(session, granted)).thrown;',
    replace: '',
    tests: stoppedTests,
  },
  {
    name: 'provider-is-not-stopped',
    guards: 'A kill reaches the provider that works on a call.',
    file: adapter('ai-sdk-model'),
    find: 'return { ...params, maxOutputTokens, abortSignal: signal };',
    replace: 'return { ...params, maxOutputTokens };',
    tests: stoppedTests,
  },
  {
    name: 'stream-after-the-kill',
    guards: 'A stream that comes after the kill is not read.',
    file: adapter('ai-sdk-stream'),
    find: 'if (signal.aborted) onAbort();',
    replace: 'if (signal.aborted) void signal;',
    tests: stoppedTests,
  },
  {
    name: 'stream-ends-before-its-record',
    guards: 'A stream that is stopped is settled before its end is passed on.',
    file: adapter('ai-sdk-stream'),
    find: 'await this.#stopped.settled;',
    replace: '',
    tests: stoppedTests,
  },
  {
    name: 'unfinished-stream-succeeded',
    guards: 'Of a stream that ends without its end, nobody knows what became.',
    file: adapter('ai-sdk-stream'),
    find: "const outcome = finish === undefined ? 'unknown' : 'succeeded';",
    replace: "const outcome = 'succeeded';",
    tests: stoppedTests,
  },
  {
    name: 'admitted-before-an-unwritten-kill',
    guards:
      'A kill that the store does not take stops what was admitted before it, in this process.',
    file: 'src/engine/core/core.ts',
    find: '// What was admitted while the store was failing started after the first sweep.',
    replace: 'if (!may)',
    tests: ['test/engine/kill-behind-a-commit.test.ts'],
  },
  {
    name: 'thrown-objects-unjudged',
    guards: 'What a model is shown of a thrown object is what output guardrails judged.',
    file: 'src/enforce/granted.ts',
    find: 'outcome, result: thrownWhole(failure) } as const;',
    replace: 'outcome, result: thrownText(failure) } as const;',
    tests: ['test/engine/redaction.test.ts'],
  },
];
