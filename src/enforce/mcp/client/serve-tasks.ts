/** What a client asks about its tasks, in the words of its era. */
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/client';
import type { Server, ServerContext } from '@modelcontextprotocol/server';
import { declaredWith } from '../protocol/capabilities.ts';
import { rawResult, type RawResult } from '../protocol/raw-result.ts';
import { declaresTasks, tasksUndeclared } from '../protocol/tasks-extension.ts';
import type { GatewaySession } from './gateway-session.ts';

type Answer<A> = (id: unknown, about: A) => RawResult | Promise<RawResult>;

/** Of 2025-11-25: the SDK reads them, and does not run them. */
export function serveTasks(server: Server, { tasks }: GatewaySession): void {
  const on = (
    method: 'tasks/get' | 'tasks/result' | 'tasks/list' | 'tasks/cancel',
    answer: Answer<AbortSignal>,
  ): void =>
    server.setRequestHandler(method, { params: rawResult }, ({ taskId }, { mcpReq }) =>
      answer(taskId, mcpReq.signal),
    );
  on('tasks/get', (id) => tasks.get(id));
  on('tasks/result', (id, signal) => tasks.result(id, signal));
  on('tasks/list', () => tasks.list());
  on('tasks/cancel', (id) => tasks.cancel(id));
}

/** Of 2026-07-28, from a client that says with each request that it has the extension. */
export function serveExtensionTasks(server: Server, { extensionTasks }: GatewaySession): void {
  const on = (
    method: 'tasks/get' | 'tasks/update' | 'tasks/cancel',
    answer: Answer<ServerContext['mcpReq']>,
  ): void =>
    server.setRequestHandler(method, { params: rawResult }, ({ taskId }, { mcpReq }) => {
      if (!declaresTasks(declaredWith(mcpReq))) throw tasksUndeclared();
      return answer(taskId, mcpReq);
    });
  on('tasks/get', (id, about) => extensionTasks.get(id, declaredWith(about)));
  on(
    'tasks/update',
    (id, { inputResponses: accepted, droppedInputResponseKeys: malformed = [] }) => {
      if (accepted !== undefined) return extensionTasks.update(id, { accepted, malformed });
      const message =
        '`inputResponses` is missing, which has the answers by the keys of their questions';
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    },
  );
  on('tasks/cancel', (id) => extensionTasks.cancel(id));
}
