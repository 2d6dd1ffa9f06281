/** Output guardrails that redact: what the caller gets, what the log keeps, and what is withheld all the same. */
import { describe, expect, test } from 'vitest';
import { ActionRefused, defineEvaluator, type Evaluator, guard, verify } from '../../src/index.ts';
import { openOneTool } from './one-tool.ts';

const key = `ghp_${'a1'.repeat(18)}`;
const redactKeys = { id: 'keys', evaluator: 'secrets', effect: 'redact' };

interface Stage {
  readonly output?: readonly object[];
  readonly mode?: 'shadow';
  readonly evaluators?: readonly Evaluator[];
  readonly execute: () => unknown;
}

async function stage({ output = [redactKeys], mode, evaluators, execute }: Stage) {
  const tool = { name: 'read', action: 'file.read' };
  const policy = { guardrails: { output }, ...(mode === undefined ? {} : { mode }) };
  const { plane, session, storage } = await openOneTool({ tool, policy, evaluators });
  const read = guard(session, { ...tool, execute });
  const settled = async (): Promise<Record<string, unknown> | undefined> => {
    for await (const { data } of plane.events({ types: ['permit-settled'] })) return { ...data };
    return undefined;
  };
  /** All that the log holds, contents included, as one text. */
  const logText = async (): Promise<string> => {
    const texts: string[] = [];
    for await (const event of plane.events()) {
      texts.push(JSON.stringify(event));
      for (const { text } of await storage.readContents(event.index, event.index + 1)) {
        texts.push(text);
      }
    }
    return texts.join('\n');
  };
  return { plane, read, settled, logText, storage };
}

test('what is found is taken out of the result, and the log says in how many places', async () => {
  const { read, settled, logText, storage } = await stage({
    execute: () => ({ text: `one ${key} two ${key}`, more: [key, 7] }),
  });
  expect(await read({})).toEqual({
    text: 'one [redacted:keys] two [redacted:keys]',
    more: ['[redacted:keys]', 7],
  });
  expect(await settled()).toMatchObject({
    outcome: 'succeeded',
    output: { outcome: 'pass', effective: 'pass', redacted: 3 },
    facts: [{ guardrail: 'keys', outcome: 'pass', redacted: 3 }],
  });
  const log = await logText();
  expect(log).not.toContain(key);
  expect(log).toContain('one [redacted:keys] two');
  expect((await verify(storage)).holds).toBe(true);
});

test('a result in which nothing is found is passed on as it is', async () => {
  const { read, settled } = await stage({ execute: () => ({ text: 'fine' }) });
  expect(await read({})).toEqual({ text: 'fine' });
  const { output, facts } = (await settled()) ?? {};
  expect(output).not.toHaveProperty('redacted');
  expect(facts).toMatchObject([{ guardrail: 'keys', redacted: 0 }]);
});

test('the error of a tool is thrown without what is taken out of its text', async () => {
  const { read, logText } = await stage({
    execute: () => {
      throw new Error(`401 for ${key}`, { cause: new Error(key) });
    },
  });
  const failure: unknown = await read({}).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(Error);
  const { message, stack, cause } = failure as Error;
  expect(message).toBe('Error: 401 for [redacted:keys]');
  expect([stack?.includes(key), cause]).toEqual([false, undefined]);
  expect(await logText()).not.toContain(key);
});

test('of an object that is no error all is judged, since a model is shown all of it', async () => {
  const failure: unknown = { status: 401, seen: { token: key } };
  const execute = () => {
    throw failure;
  };
  const { read, logText } = await stage({ execute });
  const thrown: unknown = await read({}).catch((each: unknown) => each);
  expect(thrown).toBeInstanceOf(Error);
  expect((thrown as Error).message).toBe('{"status":401,"seen":{"token":"[redacted:keys]"}}');
  expect(await logText()).not.toContain(key);
  const withholding = await stage({ execute, output: [{ id: 'keys', evaluator: 'secrets' }] });
  await expect(withholding.read({})).rejects.toMatchObject({ code: 'output-withheld' });
});

test('an object that is no error and holds nothing that is refused is thrown as it is', async () => {
  const failure: unknown = { status: 401 };
  const { read } = await stage({
    execute: () => {
      throw failure;
    },
  });
  await expect(read({})).rejects.toBe(failure);
});

describe('what cannot be taken out is withheld', () => {
  const withheld = async (options: Stage): Promise<unknown> => {
    const { read } = await stage(options);
    return read({}).catch((refusal: unknown) => ActionRefused.is(refusal) && refusal.message);
  };

  test('a secret in the name of a member', async () => {
    expect(await withheld({ execute: () => ({ [key]: 1 }) })).toContain('output-withheld');
  });

  test('a number', async () => {
    const output = [{ id: 'cards', evaluator: 'personal-data', effect: 'redact' }];
    const execute = () => ({ card: 4111111111111111 });
    expect(await withheld({ output, execute })).toContain('payment-card');
  });

  test('what looks the same in another form of Unicode', async () => {
    const output = [{ id: 'cards', evaluator: 'personal-data', effect: 'redact' }];
    const execute = () => '４１１１１１１１１１１１１１１１';
    expect(await withheld({ output, execute })).toContain('payment-card');
  });

  test.each<[string, (text: string) => { start: number; end: number }[]]>([
    ['an evaluator that says where nothing is', () => []],
    ['one that names a place outside', (text) => [{ start: 0, end: text.length + 1 }]],
    [
      'one that throws',
      () => {
        throw new Error('out of order');
      },
    ],
  ])('%s', async (_, find) => {
    const word = defineEvaluator({
      name: 'word',
      description: 'refuses the word secret',
      evaluate: ({ text }) =>
        text.includes('secret') ? { outcome: 'refuse', reason: 'a word' } : { outcome: 'pass' },
      redaction: { find },
    });
    const output = [{ id: 'w', evaluator: 'word', effect: 'redact' }];
    const execute = () => 'a secret';
    expect(await withheld({ output, evaluators: [word], execute })).toContain('output-withheld');
  });

  test('a result that cannot be read', async () => {
    expect(await withheld({ execute: () => new Map([[key, 1]]) })).toContain('cannot be read');
  });
});

test('a guardrail that throws where it should say where withholds even what it would let pass', async () => {
  const broken = defineEvaluator({
    name: 'broken',
    description: 'lets everything pass',
    evaluate: () => ({ outcome: 'pass' }),
    redaction: {
      find: () => {
        throw new Error('out of order');
      },
    },
  });
  const output = [{ id: 'b', evaluator: 'broken', effect: 'redact' }];
  const { read, settled } = await stage({ output, evaluators: [broken], execute: () => 'text' });
  await expect(read({})).rejects.toMatchObject({ code: 'output-withheld' });
  expect(await settled()).toMatchObject({ output: { determinedBy: ['guardrail:b'] } });
});

test('redaction hides nothing from a guardrail that withholds', async () => {
  const config = { patterns: ['ghp_'], refuseOn: 'match' };
  const output = [redactKeys, { id: 'none', evaluator: 'regex', config }];
  const { read } = await stage({ output, execute: () => key });
  await expect(read({})).rejects.toMatchObject({ code: 'output-withheld' });
});

test('in shadow mode nothing is taken out of the result; what would be is recorded', async () => {
  const { read, settled, logText } = await stage({ mode: 'shadow', execute: () => key });
  expect(await read({})).toBe(key);
  const { output, facts } = (await settled()) ?? {};
  expect(output).toEqual({ outcome: 'pass', effective: 'pass', determinedBy: [], message: '' });
  expect(facts).toMatchObject([{ guardrail: 'keys', redacted: 1 }]);
  expect(await logText()).not.toContain(key);
});

describe('a policy cannot ask for a redaction that nobody can make', () => {
  const rows: readonly (readonly [string, object, string])[] = [
    ['of what fits no schema', { evaluator: 'json-schema', config: { schema: { type: 'a' } } }, ''],
    ['of what is not listed', { evaluator: 'list', config: { path: 'content', allow: ['a'] } }, ''],
    ['of what is not found', regex({ refuseOn: 'no-match' }), 'what is not found is nowhere'],
    ['of one path', regex({ refuseOn: 'match', path: 'content.a' }), 'not of `path`'],
  ];
  test.each(rows)('%s', async (_, guardrail, says) => {
    const output = [{ id: 'g', effect: 'redact', ...guardrail }];
    const failure: unknown = await stage({ output, execute: () => '' }).catch(
      (each: unknown) => each,
    );
    expect(failure).toMatchObject({ code: 'policy-invalid' });
    expect(String(failure)).toContain(says);
  });
});

function regex(config: object): object {
  return { evaluator: 'regex', config: { patterns: ['a'], ...config } };
}
