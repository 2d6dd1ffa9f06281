/** Tools of the AI SDK as hosts make them: frozen, of a class, left empty, or not awaited. */
import { tool, type ToolSet } from 'ai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { declareTools, governTools } from '../../src/enforce/adapters/ai-sdk.ts';
import { openWorld, runLoop, type World } from './scripted-loop.ts';

const policy = {
  format: 1,
  version: 1,
  actions: { 'order.read': {} },
  tiers: { unrestricted: ['order.read'] },
};
const declarations = { read: { action: 'order.read' } };
const inputSchema = z.object({ id: z.string() });
const call = { id: 'call-1', tool: 'read', input: { id: 'o-1' } };

let world: World;
beforeEach(async () => {
  world = await openWorld(policy, []);
});
afterEach(() => world.plane.close());

/** What the model is told of one call. */
async function told(tools: ToolSet): Promise<string | undefined> {
  for (const each of await declareTools(tools, declarations)) await world.plane.registerTool(each);
  const governed = await governTools(world.session, tools, declarations);
  return (await runLoop(governed, [[call]])).told.get('call-1');
}

test('a tool that is frozen is governed as any other', async () => {
  const read = tool({ inputSchema, execute: ({ id }) => `read ${id}` });
  expect(await told({ read: Object.freeze(read) })).toContain('read o-1');
});

test('what a tool has of its class works on the tool itself', async () => {
  class Reader {
    readonly #price = '2';
    get inputSchema() {
      return this.#price === '2' ? inputSchema : z.never();
    }
    toModelOutput({ output }: { output: string }) {
      return { type: 'text' as const, value: `${output} for ${this.#price}` };
    }
  }
  class Read extends Reader {
    readonly asked: string[] = [];
    readonly #what = 'order';
    onInputAvailable({ input }: { input: { id: string } }) {
      this.asked.push(`${this.#what} ${input.id}`);
    }
    execute({ id }: { id: string }) {
      return `read ${this.#what} ${id}`;
    }
  }
  const read = new Read();
  expect(await told({ read })).toContain('read order o-1 for 2');
  expect(read.asked).toEqual(['order o-1']);
  const governed = await governTools(world.session, { read }, declarations);
  expect(governed['read']).toBeInstanceOf(Reader);
});

const read = tool({ inputSchema, execute: () => 'read' });
const dated = tool({ inputSchema: z.object({ at: z.coerce.date() }), execute: () => 'read' });
const odd: readonly (readonly [string, unknown, unknown, string])[] = [
  ['tools that nobody awaited', Promise.resolve({ read }), {}, 'input-invalid'],
  ['no tools', undefined, {}, 'input-invalid'],
  ['a list of tools', [read], {}, 'input-invalid'],
  ['no declarations', { read }, undefined, 'input-invalid'],
  ['a tool that is there for others only', { read: undefined }, declarations, 'tool-ungovernable'],
  ['a declaration that is none', { read }, { read: null }, 'tool-ungovernable'],
  ['an input without a JSON Schema', { read: dated }, declarations, 'tool-ungovernable'],
];

test.each(odd)('%s: refused with a code', async (_, tools, declared, code) => {
  const given = tools as ToolSet;
  const by = declared as typeof declarations;
  await expect(governTools(world.session, given, by)).rejects.toMatchObject({ code });
  await expect(declareTools(given, by)).rejects.toMatchObject({ code });
});

test('a tool that code of a host calls by itself needs no id: each call is one of its own', async () => {
  const tools = { read, other: read };
  for (const each of await declareTools(tools, declarations)) await world.plane.registerTool(each);
  const governed = await governTools(world.session, tools, declarations);
  type ByHand = (input: unknown, options?: object) => Promise<unknown>;
  const byHand = (name: 'read' | 'other') => governed[name].execute as unknown as ByHand;
  expect(await byHand('read')({ id: 'o-1' })).toBe('read');
  expect(await byHand('read')({ id: 'o-1' }, { messages: [] })).toBe('read');
  expect(await byHand('read')({ id: 'o-2' }, { messages: [] })).toBe('read');
  await expect(byHand('other')({ id: 'o-1' })).rejects.toMatchObject({ code: 'tool-unknown' });
});
