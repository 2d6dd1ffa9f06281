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
  const told = _meta?.[CLIENT_CAPABILITIES_META_KEY] ?? capabilities;
  return typeof told === 'object' && told !== null ? told : undefined;
}

/** What servers may ask of the client, through the gateway; nothing where it did not say. */
export function askable(capabilities: ClientCapabilities | undefined): ClientCapabilities {
  const { sampling, elicitation, roots } = capabilities ?? {};
  return {
    ...(sampling === undefined ? {} : { sampling }),
    ...(elicitation === undefined ? {} : { elicitation }),
    ...(roots === undefined ? {} : { roots }),
  };
}
