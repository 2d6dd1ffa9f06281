/** Opens the control plane that a gateway of the command line decides with. */
import { type ControlPlane, openControlPlane } from '../../engine/index.ts';
import { explained } from '../store-of.ts';
import type { GatewayStart } from './gateway-file.ts';

export async function openPlane(
  { store, policy, authenticators }: GatewayStart,
  log: string,
): Promise<ControlPlane> {
  try {
    const policyOption = policy === undefined ? {} : { policy };
    return await openControlPlane({ storage: store.run(), log, authenticators, ...policyOption });
  } catch (failure) {
    throw explained(failure, store, log);
  }
}
