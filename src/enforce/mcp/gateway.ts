/**
 * The gateway: a control plane in front of MCP servers. It translates and decides nothing: who may do what,
 * at what cost and with whose approval is the kernel's to say.
 */
import type { Transport } from '@modelcontextprotocol/client';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import {
  assertMembers,
  type ControlPlane,
  ControlPlaneError,
  type Session,
  systemClock,
} from '../../engine/index.ts';
import { heard } from '../../engine/core/heard.ts';
import type { Principal } from '../../identity/principal.ts';
import { type ClientConnection, connectClient } from './client/connection.ts';
import type { GatewayHost } from './client/gateway-session.ts';
import { assertConfigured } from './config/assert-configured.ts';
import { type GatewayConfig, sessionKeyPrefix } from './config/config.ts';
import { type HttpEndpoint, listenHttp } from './http/endpoint.ts';

export type GatewayOptions = Pick<GatewayHost, 'plane' | 'config'> &
  Partial<Pick<GatewayHost, 'clock' | 'version' | 'report'>>;

const optionsKnown = [
  'plane',
  'config',
  'clock',
  'version',
  'report',
] as const satisfies readonly (keyof GatewayOptions)[];

export interface Gateway {
  /** Serves one client over a channel of its own, as the principal of the configuration. */
  connect(transport: Transport): Promise<ClientConnection>;
  /** Serves the client that started this process, over standard input and output. */
  connectStdio(): Promise<ClientConnection>;
  /**
   * Serves clients over Streamable HTTP, where `http` of the configuration says, each as the principal that
   * its bearer token is for. Throws `input-invalid` where the configuration has no `http`, or names a way of
   * authentication that the control plane does not have.
   */
  listen(): Promise<HttpEndpoint>;
}

/** Makes a gateway on an open control plane. Throws where the configured agent may not be registered. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  assertMembers('the options of a gateway', options, optionsKnown);
  const { report = () => {} } = options;
  const host: GatewayHost = {
    clock: systemClock,
    version: '0.0.0',
    ...options,
    report: (message) => heard(() => report(message), '`report` of a gateway'),
  };
  const { plane, config } = host;
  assertConfigured(plane, config);
  await registerAgent(plane, config);
  const connect = async (transport: Transport): Promise<ClientConnection> => {
    const principal = plane.identity.assert(config.principal);
    const control = await openControlSession(plane, config, principal);
    const isOwn = config.session.key === undefined;
    return connectClient(host, { transport, principal, control, isOwn });
  };
  const listen = async (): Promise<HttpEndpoint> => {
    const { http } = config;
    if (http === undefined) {
      throw new ControlPlaneError(
        'input-invalid',
        'the configuration of the gateway has no `http`',
      );
    }
    return listenHttp({ ...host, config: { ...config, http } });
  };
  return { connect, connectStdio: () => connect(new StdioServerTransport()), listen };
}

/** An agent that somebody registered stays as it is: a gateway gives nobody more than they have. */
async function registerAgent(
  plane: ControlPlane,
  { agent, principal }: GatewayConfig,
): Promise<void> {
  if (plane.agents(principal.org).some(({ name }) => name === agent.name)) return;
  await plane.registerAgent({ ...agent, org: principal.org });
}

/** With a key, the same session for each connection, and after a restart; its budget is spent once. */
function openControlSession(
  plane: ControlPlane,
  { session, agent }: GatewayConfig,
  principal: Principal,
): Promise<Session> {
  const { key, budget } = session;
  return plane.openSession({
    principal,
    agent: agent.name,
    ...(budget === undefined ? {} : { budget }),
    ...(key === undefined ? {} : { idempotencyKey: `${sessionKeyPrefix}${key}` }),
  });
}
