/** A gateway in front of real processes, with the SDK's own client in front of it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientOptions, InMemoryTransport } from '@modelcontextprotocol/client';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  openControlPlane,
  systemClock,
} from '../../src/engine/index.ts';
import type { ClientConnection, Gateway, GatewayConfig } from '../../src/enforce/mcp/index.ts';
import { openGateway, readGatewayFile } from '../../src/enforce/mcp/index.ts';
import type { Principal } from '../../src/identity/principal.ts';
import { memoryFleet } from '../../src/storage/memory.ts';

/** Everything that the tools of the server `files` do is allowed, unless the test says otherwise. */
export function policyFor(actions: readonly string[], more: object = {}): object {
  return {
    format: 1,
    version: 1,
    actions: Object.fromEntries(actions.map((action) => [action, {}])),
    tiers: { unrestricted: ['**'] },
    ...more,
  };
}

export interface StageOptions extends Partial<ControlPlaneOptions> {
  readonly servers: Readonly<Record<string, object>>;
  readonly file?: object;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The gateway's servers inherit no variables: theirs has to name what spares them from compiling anew. */
function withCompileCache(servers: StageOptions['servers']): StageOptions['servers'] {
  const cache = process.env['NODE_COMPILE_CACHE'];
  if (cache === undefined) return servers;
  return Object.fromEntries(
    Object.entries(servers).map(([name, server]) => {
      const { command, env } = server as { command?: unknown; env?: object };
      const known = { ...server, env: { NODE_COMPILE_CACHE: cache, ...env } };
      return [name, command === undefined ? server : known];
    }),
  );
}

export class Stage {
  readonly fleet: ReturnType<typeof memoryFleet>;
  readonly plane: ControlPlane;
  readonly gateway: Gateway;
  readonly config: GatewayConfig;
  readonly reports: string[];
  readonly #connections: { readonly client: Client; readonly served: ClientConnection }[] = [];

  private constructor(
    fleet: Stage['fleet'],
    plane: ControlPlane,
    { gateway, config }: { readonly gateway: Gateway; readonly config: GatewayConfig },
    reports: string[],
  ) {
    this.fleet = fleet;
    this.plane = plane;
    this.gateway = gateway;
    this.config = config;
    this.reports = reports;
  }

  static async open({
    servers,
    file = {},
    environment = {},
    ...options
  }: StageOptions): Promise<Stage> {
    const fleet = memoryFleet();
    const reports: string[] = [];
    const { config, authenticators } = readGatewayFile(
      {
        format: 1,
        principal: { id: 'user:ada', org: 'acme' },
        agent: 'desk-bot',
        firstSight: 'accept',
        // How loaded the machine is decides no test.
        waits: { readyMs: 100_000, listMs: 100_000 },
        servers: withCompileCache(servers),
        ...file,
      },
      environment,
    );
    const plane = await openControlPlane({ storage: fleet(), authenticators, ...options });
    const report = (message: string) => void reports.push(message);
    const { clock = systemClock } = options;
    const gateway = await openGateway({ plane, config, report, version: '1.2.3', clock });
    return new Stage(fleet, plane, { gateway, config }, reports);
  }

  /** A client of the era of 2025, unless the options negotiate another. */
  async client(
    options: ClientOptions = {},
    prepare: (client: Client) => void = () => {},
  ): Promise<Client> {
    const [near, far] = InMemoryTransport.createLinkedPair();
    const served = await this.gateway.connect(far);
    const client = new Client({ name: 'test', version: '1' }, options);
    prepare(client);
    await client.connect(near);
    this.#connections.push({ client, served });
    return client;
  }

  /** A client of 2026-07-28. */
  modernClient(options: ClientOptions = {}, prepare?: (client: Client) => void): Promise<Client> {
    return this.client(
      { ...options, versionNegotiation: { mode: { pin: '2026-07-28' } } },
      prepare,
    );
  }

  principal(id: string, ...roles: string[]): Principal {
    return this.plane.identity.assert({ id, org: 'acme', roles });
  }

  async eventsOf(...types: string[]): Promise<Readonly<Record<string, unknown>>[]> {
    const found: Readonly<Record<string, unknown>>[] = [];
    for await (const event of this.plane.events()) {
      if (types.includes(event.type)) found.push({ ...event.data });
    }
    return found;
  }

  /** All clients go away, and what they had is let go of. */
  async clientsLeave(): Promise<void> {
    for (const { client, served } of this.#connections.splice(0)) {
      await client.close();
      await served.closed;
    }
  }

  async close(): Promise<void> {
    await this.clientsLeave();
    await this.plane.close();
  }
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'acp-mcp-'));
}

/** The text of a tool's result. */
export function textOf(result: { readonly content?: unknown }): string {
  const content = result.content as readonly { readonly text?: string }[];
  return content.map(({ text = '' }) => text).join('\n');
}
