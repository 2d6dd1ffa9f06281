/** What a client says that it can be asked: with its first message, or in the later era with each request. */
import type { ClientCapabilities } from '@modelcontextprotocol/client';
import { CLIENT_CAPABILITIES_META_KEY } from '@modelcontextprotocol/server';

/** Of the parameters of a request in either era; undefined where they do not say. */
export function capabilitiesIn(params: unknown): ClientCapabilities | undefined {
  if (typeof params !== 'object' || params === null) return undefined;
  const { _meta, capabilities } = params as {
    readonly _meta?: Readonly<Record<string, unknown>>;
    readonly capabilities?: unknown;
  };
  const inEnvelope = _meta?.[CLIENT_CAPABILITIES_META_KEY];
  const told = inEnvelope ?? capabilities;
  if (typeof told !== 'object' || told === null) return undefined;
  // In the later era clients run no tasks.
  const { tasks: _, ...others } = told as ClientCapabilities;
  return inEnvelope === undefined ? told : others;
}

/** What a client of 2026-07-28 says of itself with a request; nothing for one of 2025. */
export function declaredWith({ envelope }: { readonly envelope?: unknown }): ClientCapabilities {
  const { [CLIENT_CAPABILITIES_META_KEY]: declared } = Object(envelope) as {
    readonly [member: string]: ClientCapabilities | undefined;
  };
  return declared ?? {};
}

/** What servers may ask of the client, through the gateway; nothing where it did not say. */
export function askable(capabilities: ClientCapabilities | undefined): ClientCapabilities {
  const { sampling, elicitation, roots } = capabilities ?? {};
  const tasks = runnable(capabilities ?? {});
  return {
    ...(sampling === undefined ? {} : { sampling }),
    ...(elicitation === undefined ? {} : { elicitation }),
    ...(roots === undefined ? {} : { roots }),
    ...(tasks === undefined ? {} : { tasks }),
  };
}

/** What a client has to say of itself to be asked for something; undefined for what it cannot be asked. */
export function capabilityFor(method: unknown): 'sampling' | 'elicitation' | 'roots' | undefined {
  switch (method) {
    case 'sampling/createMessage':
      return 'sampling';
    case 'elicitation/create':
      return 'elicitation';
    case 'roots/list':
      return 'roots';
    default:
      return undefined;
  }
}

/** What the client runs as tasks, of what it can be asked; undefined where that is nothing. */
function runnable({
  sampling,
  elicitation,
  tasks,
}: ClientCapabilities): ClientCapabilities['tasks'] {
  const { list, cancel, requests } = tasks ?? {};
  const samples = sampling !== undefined && requests?.sampling?.createMessage !== undefined;
  const elicits = elicitation !== undefined && requests?.elicitation?.create !== undefined;
  if (!samples && !elicits) return undefined;
  return {
    ...(list === undefined ? {} : { list: {} }),
    ...(cancel === undefined ? {} : { cancel: {} }),
    requests: {
      ...(samples ? { sampling: { createMessage: {} } } : {}),
      ...(elicits ? { elicitation: { create: {} } } : {}),
    },
  };
}

/** Whether the client runs what it is asked for with this method as a task. */
export function runsAsTask({ tasks }: ClientCapabilities, method: string): boolean {
  const { sampling, elicitation } = tasks?.requests ?? {};
  if (method === 'sampling/createMessage') return sampling?.createMessage !== undefined;
  return method === 'elicitation/create' && elicitation?.create !== undefined;
}
