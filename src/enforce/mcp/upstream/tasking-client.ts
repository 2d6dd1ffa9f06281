/** The SDK's client, which a server can ask for something as a task where the gateway's client runs tasks. */
import {
  Client,
  type ClientContext,
  type JSONRPCRequest,
  type Result,
} from '@modelcontextprotocol/client';
import { passingTasks } from '../protocol/task-answers.ts';

/** What the SDK checks in place of a task, by what was asked for. */
const standIns: Readonly<Record<string, Result>> = {
  'sampling/createMessage': {
    role: 'assistant',
    model: 'none',
    content: { type: 'text', text: '' },
  },
  'elicitation/create': { action: 'cancel' },
};

type Handler = (request: JSONRPCRequest, context: ClientContext) => Promise<Result>;

export class TaskingClient extends Client {
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    const wrap = (inner: Handler): Handler => super._wrapHandler(method, inner);
    const standIn = standIns[method];
    return standIn === undefined ? wrap(handler) : passingTasks(wrap, handler, standIn);
  }
}
