/** A server whose list of tools is too long, or never ends, offers none, and it is said why. */
import { expect, onTestFinished, test } from 'vitest';
import { configLimits } from '../../src/enforce/mcp/config/config.ts';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { Catalogue } from '../../src/enforce/mcp/tools/catalogue.ts';
import type { Upstream } from '../../src/enforce/mcp/upstream/upstream.ts';
import { memory, openControlPlane } from '../../src/index.ts';

const { toolsMax } = configLimits;

function toolsOf(count: number): object[] {
  const inputSchema = { type: 'object' };
  return Array.from({ length: count }, (_, each) => ({ name: `tool-${each}`, inputSchema }));
}

/** How many tools of a server that answers so are offered, and what is reported. */
async function looked(answer: () => object): Promise<readonly [number, readonly string[]]> {
  const plane = await openControlPlane({ storage: memory() });
  onTestFinished(() => plane.close());
  const { config } = readGatewayFile(
    {
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'bot',
      firstSight: 'accept',
      servers: { one: { command: ['node', 'server.js'] } },
    },
    {},
  );
  const reports: string[] = [];
  const catalogue = new Catalogue(plane, config, (message) => void reports.push(message));
  const upstream = {
    name: 'one',
    config: config.servers[0],
    capabilities: { tools: {} },
    request: async () => answer(),
  };
  await catalogue.look(upstream as unknown as Upstream);
  return [catalogue.offered.length, reports];
}

test('as many tools as the limit says are offered, and of more none', async () => {
  expect(await looked(() => ({ tools: toolsOf(toolsMax) }))).toEqual([toolsMax, []]);
  const [offered, reports] = await looked(() => ({ tools: toolsOf(toolsMax + 1) }));
  expect(offered).toBe(0);
  expect(reports.join('\n')).toContain(`it has more than ${toolsMax} tools`);
});

test('a list whose pages do not end is given up', async () => {
  const [offered, reports] = await looked(() => ({ tools: [], nextCursor: 'on' }));
  expect(offered).toBe(0);
  expect(reports.join('\n')).toContain('its list of tools does not end');
});
