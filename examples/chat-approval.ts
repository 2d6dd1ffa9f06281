/**
 * A chat on the AI SDK, over several requests: the agent asks for a refund, is told that an approver has to
 * look, and makes it in a later request of the same chat, once somebody has approved.
 *
 * Run it with `node examples/chat-approval.ts`. No network: the model is scripted. It throws where anything is
 * not as told.
 */
import { generateText, isStepCount, tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import assert from 'node:assert/strict';
import { z } from 'zod';
import { declareTools, governTools } from '../src/enforce/adapters/ai-sdk.ts';
import { type ControlPlane, memory, openControlPlane } from '../src/index.ts';

const runs: string[] = [];

// region tools
const tools = {
  refund: tool({
    description: 'Refunds an order.',
    inputSchema: z.object({ orderId: z.string(), amount: z.string() }),
    execute: async ({ orderId, amount }) => {
      runs.push(orderId);
      return `refunded ${amount} for ${orderId}`;
    },
  }),
};
const declarations = {
  refund: {
    action: 'order.refund',
    resource: 'order/{orderId}',
    estimate: { usd: { argument: 'amount' } },
  },
};
// endregion

const policy = {
  format: 1,
  version: 1,
  actions: { 'order.refund': { risk: 'high', resource: 'order/*' } },
  tiers: { alwaysApprove: ['order.refund'] },
  approvals: { roles: ['approver'] },
};

/** What a server keeps of a chat: whose it is, and its session. */
interface Chat {
  readonly user: string;
  readonly session: string;
}

// region chat
async function begin(plane: ControlPlane, user: string): Promise<Chat> {
  const principal = plane.identity.assert({ id: user, org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'desk', budget: { usd: '100' } });
  return { user, session: session.id };
}

async function answer(plane: ControlPlane, chat: Chat, prompt: string): Promise<string> {
  const principal = plane.identity.assert({ id: chat.user, org: 'acme', roles: ['agent'] });
  const session = await plane.attachSession(principal, chat.session);
  const { text } = await generateText({
    model,
    tools: await governTools(session, tools, declarations, { approval: 'refuse' }),
    stopWhen: isStepCount(5),
    prompt,
  });
  return text;
}
// endregion

let calls = 0;
/** Asks for the refund in each request, under a new id as models do, and repeats what came of it. */
const model = new MockLanguageModelV4({
  modelId: 'scripted',
  doGenerate: async ({ prompt }) => {
    const last = prompt.at(-1);
    const came = last?.role === 'tool' ? last.content[0] : undefined;
    const output = came?.type === 'tool-result' ? came.output : undefined;
    const text = output?.type === 'text' || output?.type === 'error-text' ? output.value : '';
    const input = JSON.stringify({ orderId: 'o-1', amount: '42.00' });
    calls += 1;
    const ask = {
      type: 'tool-call',
      toolCallId: `call-${calls}`,
      toolName: 'refund',
      input,
    } as const;
    return {
      content: [output === undefined ? ask : { type: 'text', text }],
      finishReason: { unified: output === undefined ? 'tool-calls' : 'stop', raw: undefined },
      usage: {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      },
      warnings: [],
    };
  },
});

const plane = await openControlPlane({
  storage: memory(),
  policy,
  agents: ['desk'],
  tools: await declareTools(tools, declarations),
});
const chat = await begin(plane, 'user:ann');

// The model reads why, and the user is told. Asking once more is the same question.
assert.match(await answer(plane, chat, 'refund o-1, please'), /approval-required.*is pending/);
assert.match(await answer(plane, chat, 'is it done?'), /approval-required.*is pending/);
const [ticket, ...others] = plane.pendingTickets('acme');
assert.ok(ticket);
assert.deepEqual([others, runs], [[], []]);

// Somebody else decides, in any process: in a dashboard, on the command line, by a webhook.
const ada = plane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['approver'] });
await plane.approve({ ticket: ticket.id, by: ada });

// The same call, in a later request and under another id, is the one that was approved. It runs once.
assert.equal(await answer(plane, chat, 'and now?'), 'refunded 42.00 for o-1');
assert.deepEqual(runs, ['o-1']);
assert.match(await answer(plane, chat, 'once more'), /approval-required/);
assert.deepEqual(runs, ['o-1']);
await plane.close();
console.log(`a chat of four requests: asked twice, approved once, ran ${runs.length} time`);
