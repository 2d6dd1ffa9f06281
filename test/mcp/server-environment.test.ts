/** What a server's process has of the gateway's environment: nothing that its configuration does not give it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { reach } from '../../src/enforce/mcp/upstream/reach.ts';
import { temporaryFolder } from './stage.ts';

test('a server has the variables that it was given and those of every process, and no secret beside', async () => {
  vi.stubEnv('GATEWAY_TOKEN', 'a secret of the gateway');
  vi.stubEnv('ISSUES_TOKEN', 'a secret of the server');
  onTestFinished(() => void vi.unstubAllEnvs());
  const path = join(temporaryFolder(), 'environment.json');
  const tell = 'require("node:fs").writeFileSync(process.argv[1], JSON.stringify(process.env))';
  const { config } = readGatewayFile(
    {
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'bot',
      servers: {
        told: {
          command: [process.execPath, '-e', tell, path],
          env: { TOKEN: { from: 'ISSUES_TOKEN' } },
        },
      },
    },
    process.env,
  );
  const [server] = config.servers;
  if (server === undefined) throw new Error('the file has a server');
  const { transport } = await reach(server);
  const closed = Promise.withResolvers<void>();
  transport.onclose = closed.resolve;
  await transport.start();
  await closed.promise;
  const environment = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  expect(environment).toMatchObject({ TOKEN: 'a secret of the server', PATH: process.env['PATH'] });
  expect(Object.keys(environment)).not.toContain('ISSUES_TOKEN');
  expect(Object.values(environment)).not.toContain('a secret of the gateway');
});
