/** A world for adapter tests: a control plane in memory, and a real SDK loop over a model that follows a list. */
import { isStepCount, ToolLoopAgent, type ToolSet } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import {
  type ControlPlane,
  type LogEvent,
  memory,
  openControlPlane,
  type Principal,
  type Session,
  type SessionOptions,
  type ToolDeclaration,
} from '../../src/index.ts';

export interface World {
  readonly plane: ControlPlane;
  readonly session: Session;
  readonly approver: Principal;
  readonly operator: Principal;
}

export async function openWorld(
  policy: object,
  tools: readonly ToolDeclaration[],
  options: Partial<SessionOptions> = {},
): Promise<World> {
  const plane = await openControlPlane({ storage: memory(), policy, agents: ['bot'], tools });
  const operator = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['operator'] });
  const approver = plane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['approver'] });
  const session = await plane.openSession({ principal: operator, agent: 'bot', ...options });
  return { plane, session, approver, operator };
}

export async function eventsOf(
  plane: ControlPlane,
  ...types: LogEvent['type'][]
): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  for await (const event of plane.events(types.length === 0 ? {} : { types })) events.push(event);
  return events;
}

export interface ScriptedCall {
  readonly id: string;
  readonly tool: string;
  readonly input: unknown;
}

/** One model turn for each list of calls, then a turn of text. */
export function scriptedModel(turns: readonly (readonly ScriptedCall[])[]): MockLanguageModelV4 {
  let turn = 0;
  return new MockLanguageModelV4({
    doGenerate: async () => {
      const calls = turns[turn] ?? [];
      turn += 1;
      return {
        content:
          calls.length === 0
            ? [{ type: 'text', text: 'done' }]
            : calls.map(({ id, tool, input }) => ({
                type: 'tool-call',
                toolCallId: id,
                toolName: tool,
                input: typeof input === 'string' ? input : JSON.stringify(input),
              })),
        finishReason: { unified: calls.length === 0 ? 'stop' : 'tool-calls', raw: undefined },
        usage: {
          inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 1, text: 1, reasoning: 0 },
        },
        warnings: [],
      };
    },
  });
}

type LoopSettings = ConstructorParameters<typeof ToolLoopAgent>[0];

/** Runs the loop; what the model was told about each call, by the call's id, and the final text. */
export async function runLoop(
  tools: ToolSet,
  turns: readonly (readonly ScriptedCall[])[],
  settings: Pick<LoopSettings, 'repairToolCall'> = {},
): Promise<{ readonly told: ReadonlyMap<string, string>; readonly text: string }> {
  const model = scriptedModel(turns);
  const agent = new ToolLoopAgent({ model, tools, stopWhen: isStepCount(20), ...settings });
  const { text } = await agent.generate({ prompt: 'go' });
  const told = new Map<string, string>();
  for (const { prompt } of model.doGenerateCalls) {
    for (const message of prompt) {
      if (message.role !== 'tool') continue;
      for (const part of message.content) {
        if (part.type === 'tool-result') told.set(part.toolCallId, JSON.stringify(part.output));
      }
    }
  }
  return { told, text };
}
