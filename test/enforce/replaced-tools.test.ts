/**
 * Tools of the AI SDK in whose place the SDK runs code of its own: what the guard was put around would never
 * be asked.
 */
import { experimental_toolCaller as toolCaller, tool, toolSearch, type ToolSet } from 'ai';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { declareTools, governTools } from '../../src/enforce/adapters/ai-sdk.ts';
import { openWorld } from './scripted-loop.ts';

const policy = {
  format: 1,
  version: 1,
  actions: { 'code.run': {} },
  tiers: { blocked: ['code.run'] },
};

const runCode = tool({
  inputSchema: z.object({ code: z.string() }),
  execute: ({ code }) => `ran ${code}`,
});

const replaced: readonly (readonly [string, ToolSet])[] = [
  ['a search of tools', { run: toolSearch({ search: () => [] }) }],
  ['a local caller of tools', { run: toolCaller(runCode, { type: 'local', bind: () => runCode }) }],
];

test.each(replaced)('%s is refused, declared or not', async (_, tools) => {
  const { plane, session } = await openWorld(policy, []);
  const declarations = { run: { action: 'code.run' } };
  const refused = expect.objectContaining({
    code: 'tool-ungovernable',
    message: expect.stringContaining('the SDK puts in its place') as unknown,
  }) as unknown;
  await expect(governTools(session, tools, declarations)).rejects.toEqual(refused);
  await expect(governTools(session, tools, {})).rejects.toEqual(refused);
  await expect(declareTools(tools, declarations)).rejects.toEqual(refused);
  await plane.close();
});

test('a tool that a provider’s caller may call has its own code, and is governed', async () => {
  const prepareProviderOptions = () => ({});
  const tools = { run: toolCaller(runCode, { type: 'provider', prepareProviderOptions }) };
  const declarations = { run: { action: 'code.run' } };
  const { plane, session } = await openWorld(policy, await declareTools(tools, declarations));
  const { run } = await governTools(session, tools, declarations);
  const call = { toolCallId: '1', messages: [], context: {} };
  await expect(run.execute?.({ code: 'x' }, call)).rejects.toMatchObject({ code: 'policy-denied' });
  await plane.close();
});
