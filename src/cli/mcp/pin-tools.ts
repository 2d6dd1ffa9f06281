/** Starts the servers of a configuration once, and pins what they offer. */
import { type PinnedServers, pinServers } from '../../enforce/mcp/index.ts';
import { CommandError, exitCodes } from '../exit.ts';
import { jsonLine, print, shown } from '../terminal.ts';
import { gatewayStart } from './gateway-file.ts';
import type { GatewayCliOptions } from './gateway-options.ts';
import { openPlane } from './open-plane.ts';
import { report } from './run-gateway.ts';

export async function pinTools(
  words: readonly string[],
  options: GatewayCliOptions & { readonly version: string; readonly json?: true },
): Promise<void> {
  const start = gatewayStart(words, options);
  const { config } = start;
  const { log, version, json } = options;
  const plane = await openPlane(start, log);
  let away: PinnedServers['away'];
  try {
    const pinned = await pinServers(plane, config, { version, report });
    ({ away } = pinned);
    for (const { name, server } of pinned.offered) {
      const record = plane.tools.get(name);
      const definition = record?.quarantine?.tool.definition ?? record?.definition ?? '';
      const state = record?.quarantine === undefined ? 'registered' : 'waits for an operator';
      if (json === true) await print(jsonLine({ name, server, state, definition }));
      else await print(shown(`${name} ${definition.slice(0, 12)} ${state}`));
    }
    for (const { name, server, problem } of pinned.refused) {
      if (json === true) await print(jsonLine({ name, server, state: 'refused', problem }));
      else await print(shown(`${name} is not offered: ${problem}`));
    }
  } finally {
    await plane.close();
  }
  if (away.length > 0) throw notAsked(away);
}

/** What is said of servers that could not be asked for their tools. */
export function notAsked(away: PinnedServers['away']): CommandError {
  const told = away.map(({ server, problem }) => `${server} (${problem})`).join(', ');
  return new CommandError(`not every server could be asked: ${told}`, undefined, {
    exitCode: exitCodes.bad,
  });
}
