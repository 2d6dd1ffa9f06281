/**
 * An MCP server of 2025-11-25 over stdio and without an SDK, which says to its client what its tools are told to:
 * `ask` sends a request and answers with what came back, `drop` gives the last one up, `tell` sends a
 * notification, `flood` a thousand of how far it is, and `heard` has all that the client said. Its tool `job` runs as a task alone, and ends when `end` is called. When a call is cancelled, it
 * asks for the last task that the client made; what comes back goes to the file that the first argument names.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: unknown;
}

const inputSchema = { type: 'object', properties: {}, additionalProperties: true };
const tools = [
  ...['ask', 'tell', 'heard', 'end', 'drop', 'flood'].map((name) => ({ name, inputSchema })),
  { name: 'job', inputSchema, execution: { taskSupport: 'required' } },
];
const [, , late = ''] = process.argv;
const heard: Message[] = [];
let taskId: unknown;
const asking = new Map<unknown, unknown>();
let waiting: unknown;
let asked = 0;

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

function answer(id: unknown, said: unknown): void {
  send({ id, result: { content: [{ type: 'text', text: JSON.stringify(said) }] } });
}

function call(id: unknown, { name, arguments: given, ...more }: Record<string, unknown>): void {
  const { method, params } = Object(given) as Message;
  switch (name) {
    case 'ask':
      asked += 1;
      asking.set(`asked-${asked}`, id);
      return send({ id: `asked-${asked}`, method, ...(params === undefined ? {} : { params }) });
    case 'tell':
      send({ method, params });
      return answer(id, 'told');
    case 'heard':
      return answer(id, heard);
    case 'drop':
      send({ method: 'notifications/cancelled', params: { requestId: `asked-${asked}` } });
      return answer(id, 'dropped');
    case 'flood': {
      const { progressToken } = Object(more['_meta']) as { readonly progressToken?: unknown };
      for (let progress = 1; progress <= 1_000; progress += 1)
        send({ method: 'notifications/progress', params: { progressToken, progress } });
      return answer(id, 'said');
    }
    case 'end':
      send({ id: waiting, result: { content: [{ type: 'text', text: 'done' }] } });
      return answer(id, 'ended');
    default: {
      const at = new Date(0).toISOString();
      const times = { createdAt: at, lastUpdatedAt: at, ttl: 60_000 };
      heard.push({ method: 'job', params: more });
      return send({ id, result: { task: { taskId: 'job-1', status: 'working', ...times } } });
    }
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {}, result, error } = JSON.parse(line) as Message;
  if (id === 'late') return appendFileSync(late, `${line}\n`);
  if (method === undefined) {
    const { task } = Object(result) as { readonly task?: { readonly taskId: string } };
    taskId ??= task?.taskId;
    return answer(asking.get(id), error === undefined ? { result } : { error });
  }
  switch (method) {
    case 'initialize': {
      heard.push({ method, params });
      const tasks = { cancel: {}, requests: { tools: { call: {} } } };
      const capabilities = { tools: {}, tasks, logging: {} };
      const serverInfo = { name: 'relay', version: '1' };
      return send({ id, result: { protocolVersion: '2025-11-25', capabilities, serverInfo } });
    }
    case 'tools/list':
      return send({ id, result: { tools } });
    case 'tools/call':
      return call(id, { ...params });
    case 'tasks/result':
      waiting = id;
      return undefined;
    case 'notifications/cancelled':
      return send({ id: 'late', method: 'tasks/get', params: { taskId } });
    default:
      heard.push({ method, params });
      if (id !== undefined) send({ id, result: {} });
  }
});
