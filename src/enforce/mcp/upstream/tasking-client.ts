/** The SDK's client, where a server asks it for something as a task, or answers a call with one. */
import {
  Client,
  type ClientContext,
  type JSONRPCRequest,
  type JSONRPCResponse,
  type Result,
} from '@modelcontextprotocol/client';
import { passingTasks } from '../protocol/task-answers.ts';
import { taskAsError } from '../protocol/tasks-extension.ts';

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

  protected override _onresponse(response: JSONRPCResponse): void {
    super._onresponse(taskAsError(response));
  }
}
