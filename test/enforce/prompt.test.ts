/** What bounds a prompt's tokens: no more than it has bytes, unless something in it stands for more. */
import { expect, test } from 'vitest';
import { readPrompt } from '../../src/enforce/adapters/ai-sdk-prompt.ts';

type Params = Parameters<typeof readPrompt>[0];
type Prompt = Params['prompt'];

const user = (...content: readonly object[]): Prompt =>
  [{ role: 'user', content }] as unknown as Prompt;
const text = (value: string) => user({ type: 'text', text: value });

test('it is at least the bytes of what is said, of tools, and of what the answer has to look like', () => {
  const bare = readPrompt({ prompt: text('') }).tokensMax ?? 0;
  const said = 'a€😀'.repeat(100);
  const more = readPrompt({ prompt: text(said) }).tokensMax ?? 0;
  expect(more - bare).toBe(Buffer.byteLength(said));
  const tools = [{ type: 'function', name: 'send', inputSchema: {} }] as const;
  const withTools = readPrompt({ prompt: text(''), tools: [...tools] }).tokensMax ?? 0;
  expect(withTools - bare).toBeGreaterThan(Buffer.byteLength(JSON.stringify(tools)));
  const schema = { type: 'object', description: 'x'.repeat(500) } as const;
  const responseFormat = { type: 'json', schema } as const;
  expect(readPrompt({ prompt: text(''), responseFormat }).tokensMax).toBeGreaterThan(bare + 500);
});

test.each([
  ['a file of bytes', user({ type: 'file', mediaType: 'image/png', data: new Uint8Array(3) })],
  ['a file in a buffer', user({ type: 'image', data: Buffer.from('abc') })],
  ['a link', user({ type: 'text', text: '', link: new URL('https://a.example/x.pdf') })],
  [
    'a file in a result',
    user({ type: 'tool-result', output: { type: 'content', value: [{ type: 'file' }] } }),
  ],
])('nothing bounds a prompt with %s', (_, prompt) => {
  expect(readPrompt({ prompt }).tokensMax).toBeUndefined();
});

test('nothing bounds a prompt for a tool that runs at the provider', () => {
  const tools = [{ type: 'provider', id: 'x.search', name: 'search', args: {} } as const];
  expect(readPrompt({ prompt: text('hi'), tools }).tokensMax).toBeUndefined();
});

test('prompts that differ only in the bytes of a file have other digests', () => {
  const digest = (byte: number) =>
    readPrompt({ prompt: user({ type: 'file', data: Uint8Array.of(byte) }) }).digest;
  expect(digest(1)).not.toBe(digest(2));
  expect(digest(1)).toBe(digest(1));
});
