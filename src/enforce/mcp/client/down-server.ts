/**
 * The server that a client talks to: the SDK's, with every request answered from the client's session. One is
 * made for each connection, in the era of the protocol that the client opened it in.
 */
import type { CallToolResult, ServerCapabilities } from '@modelcontextprotocol/client';
import {
  isInputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker';
import { taskStatus } from '../call/client-tasks.ts';
import { governing } from '../passing/governed-request.ts';
import type { ListMethod } from '../passing/pass-through.ts';
import { forwardedMeta } from '../protocol/meta-keys.ts';
import { rawResult, type RawResult } from '../protocol/raw-result.ts';
import { isTaskAnswer } from '../protocol/task-answers.ts';
import { tasksExtension } from '../protocol/tasks-extension.ts';
import { runsTasks } from '../upstream/run-as-task.ts';
import type { ForwardOptions, Upstream } from '../upstream/upstream.ts';
import type { GatewaySession } from './gateway-session.ts';
import { serveCall } from './serve-call.ts';
import { serveExtensionTasks, serveTasks } from './serve-tasks.ts';
import { TaskingServer } from './tasking-server.ts';

type Params = Readonly<Record<string, unknown>>;
type Handled = (params: Params, options: ForwardOptions) => Promise<RawResult>;

/** Of 2025-11-25 and before, or of 2026-07-28. */
export type Era = 'legacy' | 'modern';

type MakeServer = (...about: ConstructorParameters<typeof Server>) => Server;

/** `session` is there once its servers were asked what they can do. */
export function downServer(
  session: GatewaySession,
  version: string,
  era: Era,
  make: MakeServer = (about, options) => new TaskingServer(about, options),
): Server {
  const capabilities = capabilitiesOf(session, era);
  const instructions = instructionsOf(session);
  const server = make(
    { name: 'agent-control-plane', version },
    {
      capabilities,
      jsonSchemaValidator: new CfWorkerJsonSchemaValidator(),
      requestState: { verify: (state, context) => session.states.verify(state, context) },
      ...(instructions === undefined ? {} : { instructions }),
    },
  );
  server.setRequestHandler('tools/list', async () => {
    // Nor for this, once the session is stopped.
    if ((await session.stopped()) === undefined) await session.look();
    return { tools: (await session.tools()).map(({ raw, name }) => ({ ...raw, name })) };
  });
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const shown = (result: CallToolResult): CallToolResult =>
      projected(server, session, params.name, result);
    const request = {
      name: params.name,
      arguments: params.arguments,
      meta: params._meta,
      onprogress: progressTo(context),
      task: taskIn(params),
      shown,
    };
    const result = await session.logLevels.during(context, (logLevel) =>
      serveCall(server, session, { ...request, logLevel }, context),
    );
    if (isInputRequiredResult(result)) return result;
    if (isTaskAnswer(result)) return result as CallToolResult;
    return shown(result as CallToolResult);
  });
  server.setNotificationHandler('notifications/roots/list_changed', async ({ method }) => {
    if ((await session.stopped()) !== undefined) return;
    const told = session.upstreams.filter(({ config }) => config.roots);
    await Promise.all(told.map((upstream) => upstream.notify({ method })));
  });
  server.setNotificationHandler('notifications/progress', (said) => session.clientSaid(said));
  server.setNotificationHandler(taskStatus, { params: rawResult }, async (params) =>
    session.clientSaid({ method: taskStatus, params }),
  );
  if (era === 'modern') serveExtensionTasks(server, session);
  else if (capabilities.tasks !== undefined) serveTasks(server, session);
  passOn(server, session, capabilities);
  return server;
}

/** What the client says of the task that a call is to be; the SDK has no type for it. */
function taskIn(params: object): { readonly ttl?: unknown } | undefined {
  const task = 'task' in params ? params.task : undefined;
  return typeof task === 'object' && task !== null ? task : undefined;
}

/** In the shape that the client's era has for results with structure. */
function projected(
  server: Server,
  session: GatewaySession,
  name: string,
  result: CallToolResult,
): CallToolResult {
  return server.projectCallToolResult(result, session.catalogue.get(name)?.raw.outputSchema);
}

/** All that is not governed, as far as a server behind offers it. */
function passOn(server: Server, session: GatewaySession, capabilities: ServerCapabilities): void {
  const { passThrough } = session;
  const assertGoesOn = async (): Promise<void> => {
    const stopped = await session.stopped();
    if (stopped !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, stopped);
  };
  const on = (method: Parameters<Server['removeRequestHandler']>[0], handle: Handled): void => {
    const answer = async (request: { readonly params?: unknown }, context: ServerContext) => {
      // Once the session is stopped, no server is asked.
      await assertGoesOn();
      const params = forwardedParams(request.params as Params | undefined);
      const { signal } = context.mcpReq;
      const onprogress = progressTo(context);
      const answered = await session.logLevels.during(context, (logLevel) =>
        handle(params, { signal, onprogress, logLevel }),
      );
      // What was asked before the session was stopped is not answered after that.
      await assertGoesOn();
      return answered;
    };
    // A name from a table has no types of its own request and result.
    server.setRequestHandler(method as 'ping', answer as never);
  };
  const list = (method: ListMethod): void =>
    on(method, (params, options) => passThrough.list(method, params, options));
  if (capabilities.prompts !== undefined) {
    list('prompts/list');
    on('prompts/get', (params, options) =>
      passThrough.getPrompt(params, governing(session, options)),
    );
  }
  if (capabilities.resources !== undefined) {
    list('resources/list');
    list('resources/templates/list');
    on('resources/read', (params, options) =>
      passThrough.readResource(params, options, governing(session, options)),
    );
    on('resources/subscribe', (params, options) => passThrough.subscribe(params, options));
    on('resources/unsubscribe', (params, options) => passThrough.unsubscribe(params, options));
  }
  if (capabilities.completions !== undefined) {
    on('completion/complete', (params, options) => passThrough.complete(params, options));
  }
  if (capabilities.logging !== undefined) {
    on('logging/setLevel', (params, options) => passThrough.setLevel(params, options));
  }
}

function forwardedParams(params: Params = {}): Params {
  const { _meta, ...rest } = params;
  const meta = forwardedMeta(_meta as Params | undefined);
  return meta === undefined ? rest : { ...rest, _meta: meta };
}

/** Progress goes to the client under the token that it gave, where it gave one. */
function progressTo({ mcpReq }: ServerContext): ForwardOptions['onprogress'] {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  return (progress) => {
    const params = { ...progress, progressToken };
    // A client that went away hears nothing.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  };
}

/** What any server behind can do. Tools are there even where none is now: they may come. */
function capabilitiesOf({ upstreams }: GatewaySession, era: Era): ServerCapabilities {
  const all = upstreams.map(({ capabilities, config }) => ({
    ...capabilities,
    prompts: config.prompts ? capabilities.prompts : undefined,
    resources: config.resources ? capabilities.resources : undefined,
  }));
  const some = (read: (each: (typeof all)[number]) => unknown): boolean =>
    all.some((each) => read(each) !== undefined);
  return {
    tools: { listChanged: true },
    ...(some(({ prompts }) => prompts) ? { prompts: { listChanged: true } } : {}),
    ...(some(({ resources }) => resources)
      ? {
          resources: {
            listChanged: true,
            subscribe: all.some(({ resources }) => resources?.subscribe === true),
          },
        }
      : {}),
    ...(some(({ completions }) => completions) ? { completions: {} } : {}),
    ...(some(({ logging }) => logging) ? { logging: {} } : {}),
    ...ofTasks(upstreams, era),
  };
}

/** A server may answer with a task without having said so (2026-07-28): the extension is always there. */
function ofTasks(upstreams: readonly Upstream[], era: Era): ServerCapabilities {
  if (era === 'modern') return tasksExtension;
  if (!upstreams.some(runsTasks)) return {};
  return { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };
}

/** What servers tell a model of themselves, each under its name. */
function instructionsOf({ upstreams }: GatewaySession): string | undefined {
  const told = upstreams.flatMap(({ name, instructions }) =>
    instructions === undefined ? [] : [[name, instructions] as const],
  );
  const [only] = told;
  if (only === undefined) return undefined;
  if (upstreams.length === 1) return only[1];
  return told
    .map(([name, instructions]) => `Tools that begin with ${name}__: ${instructions}`)
    .join('\n\n');
}
