/** Another gateway on the control plane of a stage, as after a change of its configuration. */
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { openGateway, readGatewayFile } from '../../src/enforce/mcp/index.ts';
import type { Stage } from './stage.ts';

export async function gatewayWith(
  { plane }: Stage,
  servers: Readonly<Record<string, object>>,
): Promise<{ readonly client: Client; close(): Promise<void> }> {
  const { config } = readGatewayFile(
    { format: 1, principal: { id: 'user:ada', org: 'acme' }, agent: 'desk-bot', servers },
    {},
  );
  const gateway = await openGateway({ plane, config });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const served = await gateway.connect(far);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(near);
  return {
    client,
    close: async () => {
      await client.close();
      await served.closed;
    },
  };
}
