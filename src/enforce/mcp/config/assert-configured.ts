/** What a host hands to the gateway: what is none of it is told before anything of it is read. */
import { types } from 'node:util';
import { type ControlPlane, ControlPlaneError } from '../../../engine/index.ts';
import type { GatewayConfig } from './config.ts';

/** Throws `input-invalid` for what is no control plane, and for what was not read as a configuration. */
export function assertConfigured(plane: ControlPlane, config: GatewayConfig): void {
  const given: unknown = plane;
  if (typeof given !== 'object' || given === null || !('openSession' in given)) {
    throw new ControlPlaneError('input-invalid', '`plane` is no control plane', {
      help: types.isPromise(given) ? 'await `openControlPlane`' : 'give an open control plane',
    });
  }
  // As people write one, servers are by name.
  const { servers, principal } = Object(config) as Partial<Record<keyof GatewayConfig, unknown>>;
  if (Array.isArray(servers) && typeof principal === 'object') return;
  throw new ControlPlaneError('input-invalid', '`config` is no configuration of a gateway', {
    help: 'give the `config` of what `readGatewayFile` returns',
  });
}
