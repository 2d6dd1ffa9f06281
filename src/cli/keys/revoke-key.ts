/** Revokes an API key. */
import { acting } from '../acting.ts';
import type { ActingOptions } from '../acting-options.ts';
import { jsonLine, print, shown } from '../terminal.ts';
import { keyJson } from './list-keys.ts';

export interface RevokeOptions extends ActingOptions {
  readonly reason?: string;
}

export function revokeKey(file: string, key: string, options: RevokeOptions): Promise<void> {
  const { reason, json } = options;
  return acting(file, options, async (plane, by) => {
    const revoked = await plane.keys.revoke({
      key,
      by,
      ...(reason === undefined ? {} : { reason }),
    });
    if (json === true) return print(jsonLine(keyJson(revoked, Date.now())));
    await print(shown(`key ${revoked.id} of ${revoked.org}/${revoked.principal} revoked`));
  });
}
