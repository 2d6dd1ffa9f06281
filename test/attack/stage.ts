/** Where attacks are played: a shop on a real SQLite file, and what its log says after each try. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane, ControlPlaneOptions, LogEvent } from '../../src/engine/index.ts';
import { guard, type Tool } from '../../src/enforce/guard.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { prices } from '../enforce/models.ts';
import { openShop, shopPolicy, staff } from '../engine/shop.ts';

/** For a shop that calls models as well: `small` by everyone, `large` by nobody. */
export const withModels = {
  prices,
  policy: {
    ...shopPolicy,
    actions: { ...shopPolicy.actions, 'model.call': {} },
    tiers: {
      ...shopPolicy.tiers,
      unrestricted: [...shopPolicy.tiers.unrestricted, 'model.call'],
    },
  },
};

export interface Stage {
  readonly plane: ControlPlane;
  readonly path: string;
  readonly people: ReturnType<typeof staff>;
  /** Another control plane on the same file: another process, but for the process. */
  another(options?: Partial<ControlPlaneOptions>): Promise<ControlPlane>;
  end(): Promise<void>;
}

export async function setStage(options: Partial<ControlPlaneOptions> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'acp-attack-'));
  const path = join(folder, 'log.db');
  const plane = await openShop(sqlite(path), options);
  const planes = [plane];
  return {
    plane,
    path,
    people: staff(plane),
    async another(more = {}) {
      const other = await openShop(sqlite(path), more);
      planes.push(other);
      return other;
    },
    async end() {
      for (const each of planes) await each.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What an attempt came to: its code, what the log gained, and whether the tool ran. */
export interface Outcome {
  readonly code: string;
  readonly events: readonly LogEvent[];
}

/** Makes an attempt and reads what the log gained by it. */
export async function attempt(plane: ControlPlane, work: () => unknown): Promise<Outcome> {
  const { size } = await plane.head();
  let code = 'resolved';
  try {
    await work();
  } catch (failure) {
    const { code: known, name } = failure as { readonly code?: string; readonly name?: string };
    code = known ?? name ?? String(failure);
  }
  const events: LogEvent[] = [];
  for await (const event of plane.events({ from: size })) events.push(event);
  return { code, events };
}

/** The types of what an attempt added to the log, in order. */
export function typesOf({ events }: Outcome): readonly string[] {
  return events.map(({ type }) => type);
}

/** A session of `billing` and a way to count how often tools ran in it. */
export async function openBench(
  { plane, people }: Stage,
  budget: Readonly<Record<string, string | number>> = { usd: '100', actions: 100 },
) {
  const session = await plane.openSession({ principal: people.billing, agent: 'bot', budget });
  const ran: unknown[] = [];
  const governed = <A, R>(tool: Tool<A, R>) =>
    guard(session, {
      ...tool,
      execute: (callArguments: A, context) => {
        ran.push(callArguments);
        return tool.execute(callArguments, context);
      },
    });
  return { session, ran, governed };
}
