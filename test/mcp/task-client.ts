/** A client of v1 of the SDK, the one that runs tasks for servers, in front of the gateway of a stage. */
import { InMemoryTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  type Result,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { ClientConnection } from '../../src/enforce/mcp/index.ts';
import type { Stage } from './stage.ts';

const anything = z.looseObject({});
const requests = { sampling: { createMessage: {} }, elicitation: { create: {} } };

export const sampled: Result = {
  role: 'assistant',
  model: 'scripted',
  content: { type: 'text', text: 'sampled' },
};
export const accepted: Result = { action: 'accept', content: { name: 'Ada' } };

export interface Tasks {
  readonly [capability: string]: unknown;
  readonly list?: object;
  readonly cancel?: object;
  readonly requests?: Partial<typeof requests>;
}

interface Asked {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The client's own name for it, and how it ends; undefined where it was answered at once. */
  readonly task: { readonly id: string; readonly end: () => Promise<void> } | undefined;
  readonly progress: (progress: number) => Promise<void>;
}

export class TaskClient {
  readonly client: Client;
  readonly asked: Asked[] = [];
  #served: ClientConnection | undefined;

  private constructor(client: Client) {
    this.client = client;
  }

  /** Says `tasks` of itself, and keeps what it runs in its own store. */
  static async connect(
    { gateway }: Stage,
    tasks: Tasks | 'none' = { list: {}, cancel: {}, requests },
  ): Promise<TaskClient> {
    const [near, far] = InMemoryTransport.createLinkedPair();
    const capabilities = { sampling: {}, elicitation: {}, ...(tasks === 'none' ? {} : { tasks }) };
    const taskStore = tasks === 'none' ? {} : { taskStore: new InMemoryTaskStore() };
    const made = new TaskClient(
      new Client({ name: 'tasks', version: '1' }, { capabilities, ...taskStore }),
    );
    made.#answer();
    made.#served = await gateway.connect(far);
    await made.client.connect(near);
    return made;
  }

  #answer(): void {
    for (const schema of [CreateMessageRequestSchema, ElicitRequestSchema] as const) {
      this.client.setRequestHandler(schema, async ({ method, params }, extra) => {
        const given = params as Asked['params'] & { readonly task?: { readonly ttl?: number } };
        const progressToken = extra._meta?.progressToken;
        const progress = (step: number): Promise<void> =>
          progressToken === undefined
            ? Promise.resolve()
            : this.client.notification({
                method: 'notifications/progress',
                params: { progressToken, progress: step },
              });
        const answer = method === 'elicitation/create' ? accepted : sampled;
        if (given.task === undefined || extra.taskStore === undefined) {
          this.asked.push({ method, params: given, task: undefined, progress });
          return answer;
        }
        const store = extra.taskStore;
        const task = await store.createTask({ ttl: given.task.ttl ?? null });
        const { taskId: id } = task;
        const end = (): Promise<void> => store.storeTaskResult(id, 'completed', answer);
        this.asked.push({ method, params: given, task: { id, end }, progress });
        return { task };
      });
    }
  }

  /** Calls a tool of the relay, and gives what it says. */
  async relay(server: string, tool: string, given: object = {}): Promise<Relayed> {
    const params = { name: `${server}__${tool}`, arguments: { ...given } };
    const called = await this.client.request({ method: 'tools/call', params }, anything);
    const [{ text = '' } = {}] = called['content'] as { readonly text?: string }[];
    return JSON.parse(text) as Relayed;
  }

  async request(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    return this.client.request({ method, params }, anything);
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.#served?.closed;
  }
}

/** What a client answered to a server, or what a server heard. */
export interface Relayed {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}
