/** Issues an API key, and prints it this once. */
import { acting } from '../acting.ts';
import type { ActingOptions } from '../acting-options.ts';
import { jsonLine, print, shown, terminal } from '../terminal.ts';

export interface IssueOptions extends ActingOptions {
  readonly principal: string;
  readonly role: readonly string[];
  readonly team?: readonly string[];
  readonly org?: string;
  readonly expires?: Date;
  readonly reason?: string;
}

export function issueKey(file: string, options: IssueOptions): Promise<void> {
  const { principal, role, team, org, expires, reason, json } = options;
  return acting(file, options, async (plane, by) => {
    const { id, key } = await plane.keys.issue({
      by,
      principal,
      roles: role,
      ...(team === undefined ? {} : { teams: team }),
      ...(org === undefined ? {} : { org }),
      ...(expires === undefined ? {} : { expiresAt: expires }),
      ...(reason === undefined ? {} : { reason }),
    });
    if (json === true) return print(jsonLine({ id, key }));
    const end = expires === undefined ? 'when it is revoked' : expires.toISOString();
    const whose = `key ${id} of ${org ?? by.org}/${principal} (${role.join(', ')}), ends ${end}`;
    const { stderr } = terminal();
    stderr.write(`${shown(whose)}\nthe key is printed this once, and kept nowhere:\n`);
    await print(key);
  });
}
