/** The policy of a bench whose work is one action that nothing restricts. */
import type { PolicyDocument } from '../src/kernel/index.ts';

export function unrestricted(action: string): PolicyDocument {
  return {
    format: 1,
    version: 1,
    actions: { [action]: {} },
    tiers: { unrestricted: [action] },
  };
}
