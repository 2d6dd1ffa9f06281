/**
 * Ids from a seed, in the form of the engine's own: the same seed gives the same ids, salts and
 * secrets.
 */
import type { Ids } from '../engine/index.ts';
import { Random } from './random.ts';

/** NOT secret and NOT unique across equal seeds: give each simulated process a seed of its own. */
export function seededIds(seed: string | number): Ids {
  const random = new Random(seed);
  return {
    next(now) {
      const time = Math.max(0, Math.floor(now)).toString(16).padStart(12, '0').slice(-12);
      const rest = random.hex(10);
      return (
        `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-` +
        `8${rest.slice(4, 7)}-${rest.slice(7, 19)}`
      );
    },
    salt: () => random.hex(16),
    secret: () => random.hex(32),
  };
}
