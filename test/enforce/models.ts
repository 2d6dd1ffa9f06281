/** A control plane with models to call, for tests of model calls. */
import {
  type ControlPlane,
  type ControlPlaneOptions,
  openControlPlane,
} from '../../src/engine/index.ts';
import { defineEvaluator } from '../../src/evaluators/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';

/** Prices so that a token costs whole micro-USD: easy to add up. */
export const prices = {
  format: 1,
  version: 1,
  currency: 'USD',
  models: {
    small: {
      aliases: ['small-alias', 'cloud/small'],
      dated: true,
      prices: [{ input: '1', output: '2', inputTokensMax: 10_000, outputTokensMax: 1_000 }],
    },
    large: {
      tier: 'premium',
      prices: [
        {
          input: '10',
          output: '20',
          cacheRead: '1',
          inputTokensMax: 10_000,
          outputTokensMax: 1_000,
        },
      ],
    },
    boundless: { prices: [{ input: '1', output: '1' }] },
  },
};

export const modelPolicy = {
  format: 1,
  version: 1,
  actions: { 'model.call': {} },
  tiers: { unrestricted: ['model.call'] },
};

/** Judges what models say. */
export const noSecret = defineEvaluator({
  name: 'no-secret',
  description: 'Nothing with the word secret.',
  evaluate: ({ text }) =>
    text.includes('secret') ? { outcome: 'refuse', reason: 'secret' } : { outcome: 'pass' },
});

export function openModels(more: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> {
  return openControlPlane({
    storage: memoryFleet()(),
    agents: ['bot', { name: 'writer' }],
    policy: modelPolicy,
    prices,
    ...more,
  });
}

export function ann(
  plane: ControlPlane,
  more: { readonly org?: string; readonly id?: string } = {},
) {
  return plane.identity.assert({ id: 'user:ann', org: 'acme', roles: ['agent'], ...more });
}

/** The data of the last event of a type. */
export async function lastOf(
  plane: ControlPlane,
  type: string,
): Promise<Readonly<Record<string, unknown>>> {
  let last: Readonly<Record<string, unknown>> | undefined;
  for await (const event of plane.events()) {
    if (event.type === type) last = { ...event.data };
  }
  if (last === undefined) throw new Error(`no ${type}`);
  return last;
}
