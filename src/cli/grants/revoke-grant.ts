/** Revokes a grant. */
import { acting } from '../acting.ts';
import type { ActingOptions } from '../acting-options.ts';
import { jsonLine, print, shown } from '../terminal.ts';

export interface RevokeGrantOptions extends ActingOptions {
  readonly reason?: string;
}

export function revokeGrant(
  file: string,
  grant: string,
  options: RevokeGrantOptions,
): Promise<void> {
  const { reason, json } = options;
  return acting(file, options, async (plane, by) => {
    await plane.revokeGrant({ grant, by, ...(reason === undefined ? {} : { reason }) });
    await print(
      json === true ? jsonLine({ grant, revoked: true }) : shown(`grant ${grant} revoked`),
    );
  });
}
