/** The SDK's server, for a client that makes calls as tasks: their answer has a task, and no content. */
import {
  type JSONRPCRequest,
  type Result,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { passingTasks } from '../protocol/task-answers.ts';

type Handler = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

export class TaskingServer extends Server {
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    const wrap = (inner: Handler): Handler => super._wrapHandler(method, inner);
    return method === 'tools/call' ? passingTasks(wrap, handler, { content: [] }) : wrap(handler);
  }
}
