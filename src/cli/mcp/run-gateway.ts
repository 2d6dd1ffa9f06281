/**
 * Runs a gateway for the client that started this process, until the client goes away; or over HTTP, where
 * the configuration says so, until it is stopped.
 */
import { once } from 'node:events';
import { type GatewayConfig, openGateway } from '../../enforce/mcp/index.ts';
import { startObstacle } from '../../enforce/mcp/upstream/reach.ts';
import { CommandError } from '../exit.ts';
import { shown, terminal } from '../terminal.ts';
import { gatewayStart } from './gateway-file.ts';
import type { GatewayCliOptions } from './gateway-options.ts';
import { openPlane } from './open-plane.ts';

export async function runGateway(
  words: readonly string[],
  options: GatewayCliOptions & { readonly version: string },
): Promise<void> {
  const start = gatewayStart(words, options);
  const { config, store } = start;
  const { log, version } = options;
  await assertStartable(config);
  const plane = await openPlane(start, log);
  try {
    const gateway = await openGateway({ plane, config, version, report });
    report(`decides with ${store.name}`);
    const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    if (config.http === undefined) {
      const connection = await gateway.connectStdio();
      await Promise.race([connection.closed, stopped]);
      await connection.close();
    } else {
      const endpoint = await gateway.listen();
      report(`listens at ${endpoint.url.href}`);
      await stopped;
      await endpoint.close();
    }
  } finally {
    await plane.close();
  }
}

/**
 * Throws where there is no server that could ever be started: a client would wait for tools that do not come.
 * One of several is reported, and tried again.
 */
async function assertStartable({ servers }: GatewayConfig): Promise<void> {
  // Elsewhere a program is more than the file of its name.
  if (process.platform === 'win32' || servers.length === 0) return;
  const problems: string[] = [];
  for (const server of servers) {
    const problem = await startObstacle(server);
    if (problem === undefined) return;
    problems.push(`server ${server.name}: ${problem}`);
  }
  throw new CommandError(
    `no server can be started: ${problems.join('; ')}`,
    'name a program that is there, by its path or so that PATH finds it',
  );
}

/** Standard output is the protocol's: whatever is for people goes to standard error. */
export function report(message: string): void {
  for (const line of message.split('\n')) {
    terminal().stderr.write(`agent-control-plane: ${shown(line)}\n`);
  }
}
