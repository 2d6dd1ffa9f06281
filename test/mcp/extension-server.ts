/**
 * A server of 2026-07-28 with the tasks extension, on the SDK's lower layer, over stdio. `slow` is answered with
 * a task where the client knows of tasks, and refused where it does not; how it ends is in its argument `how`.
 * `always` is answered with a task whoever asks. What it was asked is in the file that its first argument names.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { acceptedContent, ProtocolError, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { rawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';

const [, , journal = ''] = process.argv;
const extension = 'io.modelcontextprotocol/tasks';
const inputSchema = { type: 'object' as const, properties: {}, additionalProperties: true };
interface Task {
  readonly how: unknown;
  readonly name?: string | undefined;
  /** How often it still asks what was answered: answers need not be there at once. */
  repeats?: number;
  /** Of `both`. */
  readonly answered?: readonly string[];
}

const tasks = new Map<string, Task>();

function note(line: object): void {
  appendFileSync(journal, `${JSON.stringify(line)}\n`);
}

function shown(taskId: string, more: object = {}) {
  const at = new Date(0).toISOString();
  const times = { createdAt: at, lastUpdatedAt: at, ttlMs: 60_000, pollIntervalMs: 1 };
  return { taskId, status: 'working', ...times, ...more };
}

function knowsTasks({ envelope }: { readonly envelope?: unknown }): boolean {
  const { 'io.modelcontextprotocol/clientCapabilities': declared } = Object(envelope) as Record<
    string,
    { readonly extensions?: object } | undefined
  >;
  return extension in (declared?.extensions ?? {});
}

const question = {
  method: 'elicitation/create',
  params: {
    message: 'Who are you?',
    requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
  },
};

function progressOf(taskId: string): object {
  const task: Task = tasks.get(taskId) ?? { how: 'unknown' };
  const { how, name, repeats = 0 } = task;
  task.repeats = repeats - 1;
  const text = (said: string) => ({ content: [{ type: 'text', text: said }] });
  switch (how) {
    case 'ask':
      if (name === undefined || repeats > 0) {
        return { status: 'input_required', inputRequests: { who: question } };
      }
      return { status: 'completed', result: text(`hello ${name}`) };
    case 'both': {
      const { answered = [] } = task;
      const left = ['one', 'two'].filter((key) => !answered.includes(key));
      if (left.length === 0) return { status: 'completed', result: text(answered.join()) };
      const inputRequests = Object.fromEntries(left.map((key) => [key, question]));
      return { status: 'input_required', inputRequests };
    }
    case 'until':
      return existsSync(`${journal}.end`)
        ? { status: 'completed', result: text('done') }
        : { status: 'input_required', inputRequests: { who: question } };
    case 'fail':
      return { status: 'failed', error: { code: -32_000, message: 'the disk is full' } };
    case 'wrong':
      return { status: 'completed', result: { ...text('it went wrong'), isError: true } };
    case 'garbage':
      return { status: 'completed', result: { nothing: true } };
    case 'cancelled':
      return { status: 'cancelled' };
    case 'roots':
      return { status: 'input_required', inputRequests: { roots: { method: 'roots/list' } } };
    case 'odd':
      return { status: 'input_required', inputRequests: { odd: { method: 'tools/call' } } };
    case 'big':
      return { status: 'completed', result: text('x'.repeat(100_000)) };
    case 'said':
      return existsSync(`${journal}.end`)
        ? { status: 'completed', result: text('done') }
        : { statusMessage: 'nearly there' };
    case 'file':
      return existsSync(`${journal}.end`) ? { status: 'completed', result: text('done') } : {};
    default:
      return { status: 'completed', result: text('done') };
  }
}

class TaskServer extends Server {
  /** The SDK puts the content of a result beside what has none. */
  protected override _wrapHandler(method: string, handler: never): never {
    return (method === 'tools/call' ? handler : super._wrapHandler(method, handler)) as never;
  }
}

serveStdio(() => {
  const capabilities = { tools: {}, extensions: { [extension]: {} } };
  const server = new TaskServer({ name: 'extension', version: '1' }, { capabilities });
  server.setRequestHandler('tools/list', () => ({
    tools: [
      { name: 'slow', inputSchema },
      { name: 'always', inputSchema },
    ],
  }));
  server.setRequestHandler('tools/call', ({ params }, { mcpReq }) => {
    note({ called: params.name, knowsTasks: knowsTasks(mcpReq) });
    if (params.name === 'slow' && !knowsTasks(mcpReq)) {
      const data = { requiredCapabilities: { extensions: { [extension]: {} } } };
      throw new ProtocolError(-32_021, 'Missing required client capability', data);
    }
    const how = params.arguments?.['how'];
    // What it needs to begin at all, it asks before there is a task.
    const first = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'first');
    if (how === 'first' && first === undefined) {
      return { resultType: 'input_required', inputRequests: { first: question } } as never;
    }
    const id = `task-${tasks.size + 1}`;
    tasks.set(id, how === 'first' ? { how: 'ask', name: first?.name } : { how });
    return { resultType: 'task', ...shown(id) } as never;
  });
  const about = (
    method: string,
    answer: (id: string, said: string | undefined, keys: readonly string[]) => object,
  ) =>
    server.setRequestHandler(method as 'tasks/get', { params: rawResult }, (params, { mcpReq }) => {
      const id = String(params['taskId']);
      note({ method, id, knowsTasks: knowsTasks(mcpReq) });
      const { inputResponses = {} } = mcpReq;
      const said = acceptedContent<{ name: string }>(inputResponses, 'who');
      return answer(id, said?.name, Object.keys(inputResponses)) as Record<string, unknown>;
    });
  about('tasks/get', (id) => shown(id, progressOf(id)));
  about('tasks/cancel', () => ({}));
  about('tasks/update', (id, name, keys) => {
    const { how, answered = [] } = tasks.get(id) ?? { how: 'unknown' };
    if (how === 'both') tasks.set(id, { how, answered: [...answered, ...keys] });
    else tasks.set(id, { how: 'ask', name, repeats: 1 });
    return {};
  });
  return server;
});
