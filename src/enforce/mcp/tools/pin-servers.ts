/** Looks at what servers offer and pins it, without a client: before the first client comes. */
import { assertMembers, type ControlPlane, systemClock } from '../../../engine/index.ts';
import { heard } from '../../../engine/core/heard.ts';
import { assertConfigured } from '../config/assert-configured.ts';
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

export interface PinOptions {
  /** Of this program, as servers are told. */
  readonly version?: string;
  /** Says what happened, for people. */
  readonly report?: (message: string) => void;
}

const optionsKnown = ['version', 'report'] as const satisfies readonly (keyof PinOptions)[];

/** Each server is started, asked once and let go of, whatever comes of it. */
export async function pinServers(
  plane: ControlPlane,
  config: GatewayConfig,
  options: PinOptions = {},
): Promise<PinnedServers> {
  assertMembers('the options of pinned servers', options, optionsKnown);
  assertConfigured(plane, config);
  const { version = '0.0.0', report: tell = () => {} } = options;
  const report = (message: string): void => heard(() => tell(message), '`report` of a gateway');
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
    try {
      await upstream.start();
      const { problem } = upstream;
      if (problem === undefined) await catalogue.look(upstream);
      else away.push({ server: server.name, problem });
    } finally {
      await upstream.close();
    }
  }
  return { offered: catalogue.offered, refused: catalogue.refused, away };
}
