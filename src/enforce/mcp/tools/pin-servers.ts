/** Looks at what servers offer and pins it, without a client: before the first client comes. */
import { type ControlPlane, systemClock } from '../../../engine/index.ts';
import type { GatewayConfig } from '../config/config.ts';
import { Upstream } from '../upstream/upstream.ts';
import { Catalogue, type RefusedTool } from './catalogue.ts';
import type { OfferedTool } from './definition.ts';

export interface PinnedServers {
  readonly offered: readonly OfferedTool[];
  /** Tools that cannot be offered at all. */
  readonly refused: readonly RefusedTool[];
  /** Servers that could not be asked. */
  readonly away: readonly { readonly server: string; readonly problem: string }[];
}

/** Each server is started, asked once and let go of. */
export async function pinServers(
  plane: ControlPlane,
  config: GatewayConfig,
  { version, report }: { readonly version: string; readonly report: (message: string) => void },
): Promise<PinnedServers> {
  const catalogue = new Catalogue(plane, config, report);
  const away: { readonly server: string; readonly problem: string }[] = [];
  for (const server of config.servers) {
    const upstream = new Upstream(server, {
      clock: systemClock,
      version,
      report,
      capabilities: {},
      changed: () => {},
      notified: () => {},
      taskNameAt: () => undefined,
      asked: () => Promise.reject(new Error('there is no client')),
    });
    await upstream.start();
    const { problem } = upstream;
    if (problem === undefined) await catalogue.look(upstream);
    else away.push({ server: server.name, problem });
    await upstream.close();
  }
  return { offered: catalogue.offered, refused: catalogue.refused, away };
}
