/**
 * Three ways from one MCP client to one server process: directly, through a proxy that only passes calls on,
 * and through the gateway with every call decided and recorded on the disk.
 */
import { join } from 'node:path';
import { Client, InMemoryTransport, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Server } from '@modelcontextprotocol/server';
import { type Gateway, openGateway, readGatewayFile } from '../src/enforce/mcp/index.ts';
import { type ControlPlane, openControlPlane } from '../src/index.ts';
import { sqlite } from '../src/storage/sqlite/sqlite-storage.ts';

const program = join(import.meta.dirname, 'mcp-server.ts');

export interface Reached {
  readonly client: Client;
  readonly close: () => Promise<void>;
}

function newClient(): Client {
  return new Client({ name: 'bench', version: '1' });
}

async function connected(transport: Transport): Promise<Client> {
  const client = newClient();
  await client.connect(transport);
  return client;
}

export async function direct(): Promise<Reached> {
  const client = await connected(
    new StdioClientTransport({ command: process.execPath, args: [program], stderr: 'ignore' }),
  );
  return { client, close: () => client.close() };
}

export async function proxied(): Promise<Reached> {
  const behind = await direct();
  const [near, far] = InMemoryTransport.createLinkedPair();
  const proxy = new Server({ name: 'proxy', version: '1' }, { capabilities: { tools: {} } });
  proxy.setRequestHandler('tools/list', () => behind.client.listTools());
  proxy.setRequestHandler('tools/call', ({ params }) => behind.client.callTool(params));
  await proxy.connect(far);
  const client = await connected(near);
  return {
    client,
    close: async () => {
      await client.close();
      await behind.close();
    },
  };
}

export class GatedServer {
  readonly plane: ControlPlane;
  readonly #gateway: Gateway;

  private constructor(plane: ControlPlane, gateway: Gateway) {
    this.plane = plane;
    this.#gateway = gateway;
  }

  static async open(path: string): Promise<GatedServer> {
    const policy = {
      format: 1,
      version: 1,
      actions: { 'bench.echo': {} },
      tiers: { autoApprove: ['bench.echo'] },
    };
    const plane = await openControlPlane({ storage: sqlite(path), policy });
    const command = [process.execPath, program];
    const file = {
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'desk-bot',
      firstSight: 'accept',
      prefix: false,
      servers: { bench: { command, protocol: 'legacy' } },
    };
    const { config } = readGatewayFile(file, {});
    return new GatedServer(plane, await openGateway({ plane, config }));
  }

  async connect(): Promise<Reached> {
    const [near, far] = InMemoryTransport.createLinkedPair();
    const served = await this.#gateway.connect(far);
    const client = await connected(near);
    await client.listTools();
    return {
      client,
      close: async () => {
        await client.close();
        await served.closed;
      },
    };
  }
}
