/** What is misspelt in the options of a reader may have been the tools: nothing was held against them. */
import { expect, test } from 'vitest';
import {
  argumentFindings,
  readDeclaredTools,
  readPolicy,
  readPolicyTests,
  readPolicyText,
} from './index.ts';

const document = {
  format: 1,
  version: 1,
  actions: { a: {} },
  rules: [{ id: 'r', effect: 'allow', when: 'arguments.nope > 5' }],
};
const text = JSON.stringify(document);
const inputSchema = { properties: { some: { type: 'number' } }, additionalProperties: false };
const tool = { name: 't', action: 'a', inputSchema };
const file = 'p';

test.each<[string, (tools: unknown) => unknown]>([
  ['readPolicy', (given) => readPolicy(document, { tool: given } as never)],
  ['readPolicyText', (given) => readPolicyText(text, { file, tool: given } as never)],
  ['readDeclaredTools', (given) => readDeclaredTools(text, { file, tool: given } as never)],
  ['readPolicyTests', (given) => readPolicyTests(text, { file, tool: given } as never)],
])('an option of %s that is misspelt is refused', (reader, read) => {
  expect(() => read([tool])).toThrow(`\`${reader}\` has no option \`tool\``);
});

test.each([[[tool]], [new Map([['tools', [tool]]])], [null], ['tools']])(
  'options that are no object are refused: %o',
  (options) => {
    const message = 'the options of `readPolicy` are no object with members';
    expect(() => readPolicy(document, options as never)).toThrow(message);
  },
);

test.each<[string, unknown, string]>([
  ['one tool', tool, '`tools` must be a list of tool declarations'],
  ['tools by name', { tool }, '`tools` must be a list of tool declarations'],
  ['a name', ['t'], '`tools[0]` must be an object'],
  ['no action', [tool, { name: 'u' }], '`tools[1].action` must be a name'],
  ['a misspelt schema', [{ ...tool, inputschema: {} }], '`tools[0].inputschema` is not known here'],
  ['a schema as a text', [{ ...tool, inputSchema: '{}' }], '`tools[0].inputSchema` must be a JSON'],
  ['one tool twice', [tool, tool], '`tools[1].name` is there twice'],
])('what is no list of declarations is refused: %s', (_, tools, message) => {
  expect(() => readPolicy(document, { tools } as never)).toThrow(message);
  const checked = readPolicy(document);
  if ('findings' in checked) throw new Error('the policy is refused');
  expect(() => argumentFindings(checked.document, tools as never)).toThrow(message);
});

test('declarations as hosts have them are held against, and none is no mistake', () => {
  const host = {
    ...tool,
    description: 'd',
    resource: 'r/{some}',
    execute: () => 0,
    usage: () => 0,
  };
  expect(readPolicy(document, { tools: [host] })).toMatchObject({
    findings: [{ code: 'argument-unknown' }],
  });
  expect(readPolicy(document, { tools: [] })).toHaveProperty('document');
  expect(readPolicy(document, { tools: undefined })).toHaveProperty('document');
});
