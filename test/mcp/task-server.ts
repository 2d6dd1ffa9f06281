/**
 * An MCP server of 2025-11-25 that runs calls as tasks, over stdio and without an SDK. A task ends when its tool
 * `finish` is called, or when it is asked how far one is and there is a file beside the journal, `.finish` behind
 * its name; `finish` with `say` tells how far the last one is, with `claim` that it is done, which it is not, and
 * with `progress` how far it is under the token of its call, whether it still runs or not. With `ask` the last task
 * asks the client who it is, and ends with the answer; with `drop` it asks no more.
 * What it was asked is in the file that its first argument names, one JSON object a line; with `nothing` as the
 * second, it says that it runs no tasks.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

interface Request {
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: { readonly content?: { readonly name?: string } };
  readonly params?: Readonly<Record<string, unknown>>;
}

const [, , journal = '', runs = 'tasks'] = process.argv;
const inputSchema = { type: 'object', properties: {}, additionalProperties: true };
const tools = [
  { name: 'slow', inputSchema, execution: { taskSupport: 'required' } },
  { name: 'either', inputSchema, execution: { taskSupport: 'optional' } },
  { name: 'plain', inputSchema },
  { name: 'finish', inputSchema },
];
const ofTools = { cancel: {}, requests: { tools: { call: {} } } };
let tasks = 0;
let told = 0;
/** Of the last task. */
let progressToken: unknown;
const waiting: unknown[] = [];

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

const text = (what: string) => ({ content: [{ type: 'text', text: what }] });

function shown(taskId: string): object {
  const at = new Date(0).toISOString();
  return { taskId, status: 'working', createdAt: at, lastUpdatedAt: at, ttl: 60_000 };
}

function finish(how: unknown): void {
  if (how === 'say') {
    const params = { ...shown(`server-task-${tasks}`), statusMessage: 'nearly there' };
    return send({ method: 'notifications/tasks/status', params });
  }
  if (how === 'claim') {
    const params = { ...shown(`server-task-${tasks}`), status: 'completed' };
    return send({ method: 'notifications/tasks/status', params });
  }
  if (how === 'progress') {
    told += 1;
    const _meta = { 'io.modelcontextprotocol/related-task': { taskId: `server-task-${tasks}` } };
    const params = { progressToken, progress: told, total: 9, message: `step ${told}`, _meta };
    return send({ method: 'notifications/progress', params });
  }
  if (how === 'ask') {
    const _meta = { 'io.modelcontextprotocol/related-task': { taskId: `server-task-${tasks}` } };
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } };
    const params = { message: 'Who are you?', requestedSchema, _meta };
    return send({ id: `ask-${tasks}`, method: 'elicitation/create', params });
  }
  if (how === 'drop') {
    return send({ method: 'notifications/cancelled', params: { requestId: `ask-${tasks}` } });
  }
  for (const id of waiting.splice(0)) {
    if (how === 'error') send({ id, error: { code: -32_000, message: 'the disk is full' } });
    else if (how === 'garbage') send({ id, result: { nothing: true } });
    else if (how === 'fail') send({ id, result: { ...text('it went wrong'), isError: true } });
    else send({ id, result: text('it is done') });
  }
  return undefined;
}

function call(id: unknown, params: Readonly<Record<string, unknown>>): void {
  const { name, task, arguments: given } = params;
  appendFileSync(journal, `${JSON.stringify({ called: name, asTask: task !== undefined })}\n`);
  if (name === 'finish') {
    const { how } = Object(given) as { readonly how?: unknown };
    if (how === 'die') process.exit(1);
    finish(how);
    return send({ id, result: text('finished') });
  }
  if (task === undefined) {
    if (name !== 'slow') return send({ id, result: text('at once') });
    return send({ id, error: { code: -32_601, message: 'it only runs as a task' } });
  }
  tasks += 1;
  ({ progressToken } = Object(params['_meta']) as { readonly progressToken?: unknown });
  appendFileSync(journal, `${JSON.stringify({ progressToken })}\n`);
  return send({ id, result: { task: shown(`server-task-${tasks}`) } });
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {}, result } = JSON.parse(line) as Request;
  if (method === undefined) {
    appendFileSync(journal, `${JSON.stringify({ answered: id })}\n`);
    const hello = text(`hello ${result?.content?.name}`);
    for (const waits of waiting.splice(0)) send({ id: waits, result: hello });
    return undefined;
  }
  const taskId = String(params['taskId']);
  switch (method) {
    case 'initialize':
      return send({
        id,
        result: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {}, ...(runs === 'tasks' ? { tasks: ofTools } : {}) },
          serverInfo: { name: 'tasks', version: '1' },
        },
      });
    case 'tools/list':
      return send({ id, result: { tools } });
    case 'tools/call':
      return call(id, params);
    case 'tasks/get':
      if (existsSync(`${journal}.finish`)) finish('well');
      return send({ id, result: { ...shown(taskId), statusMessage: 'half way' } });
    case 'tasks/result':
      appendFileSync(journal, `${JSON.stringify({ waitedFor: taskId })}\n`);
      return void waiting.push(id);
    case 'tasks/cancel':
      appendFileSync(journal, `${JSON.stringify({ cancelled: taskId })}\n`);
      return send({ id, result: { ...shown(taskId), status: 'cancelled' } });
    default:
      if (id !== undefined) send({ id, error: { code: -32_601, message: 'Method not found' } });
  }
});
