/** A server whose list of tools is too long, or never ends, offers none, and it is said why. */
import { expect, onTestFinished, test } from 'vitest';
import { configLimits, passingLimits } from '../../src/enforce/mcp/config/config.ts';
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
async function looked(
  answer: () => object,
  times = 1,
): Promise<readonly [number, readonly string[]]> {
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
  for (let look = 0; look < times; look += 1) {
    await catalogue.look(upstream as unknown as Upstream);
  }
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

test('a list whose pages are too long together is given up', async () => {
  const description = 'x'.repeat(200_000);
  const page = { tools: toolsOf(1).map((tool) => ({ ...tool, description })), nextCursor: 'on' };
  const [offered, reports] = await looked(() => page);
  expect(offered).toBe(0);
  expect(reports.join('\n')).toContain('the pages of its list have more than 16777216 bytes');
});

test('of a server that says more of its tools than may come into the log, what is too much is not offered', async () => {
  const { definitionsBytesMax } = passingLimits;
  const description = 'x'.repeat(100_000);
  let looks = 0;
  const [offered, reports] = await looked(() => {
    looks += 1;
    return {
      tools: toolsOf(100).map((tool) => ({ ...tool, description: `${looks}${description}` })),
    };
  }, 4);
  const most = Math.floor(definitionsBytesMax / 100_000) - 300;
  expect(offered).toBeGreaterThan(0);
  expect(offered).toBeLessThanOrEqual(most);
  expect(reports.join('\n')).toContain('nothing more is pinned');
});
