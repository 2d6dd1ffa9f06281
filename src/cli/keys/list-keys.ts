/** Prints the API keys of a log: whose they are and whether they are good, and nothing of their secrets. */
import { keyListed, type KeyListed } from '../../engine/access/keys.ts';
import { compareText } from '../../kernel/index.ts';
import { withLogFile } from '../log-file.ts';
import { recordsOf } from '../record-list.ts';
import { plainTable } from '../table.ts';
import { colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { timeText } from '../time-text.ts';
import type { LogOptions } from '../store-options.ts';

export interface KeyListOptions extends LogOptions {
  readonly org?: string;
  readonly json?: true;
}

const columns = ['key', 'principal', 'roles', 'issued', 'by', 'ends', 'status'];

export function listKeys(file: string, options: KeyListOptions): Promise<void> {
  const { org, json } = options;
  return withLogFile(file, options, async ({ storage, head }) => {
    const keys: KeyListed[] = [];
    for await (const key of recordsOf(storage, 'key')) {
      if (org === undefined || key.org === org) keys.push(keyListed(key));
    }
    keys.sort((left, right) => left.issuedAt - right.issuedAt || compareText(left.id, right.id));
    // As the next command would have it: the log's time never goes back.
    const now = Math.max(head.at, Date.now());
    if (json === true) {
      for (const key of keys) await print(jsonLine(keyJson(key, now)));
      return;
    }
    const rows = keys.map((key) => keyCells(key, now).map(shown));
    const table = plainTable(columns, rows, colorsFor(terminal().stdout));
    await print(rows.length === 0 ? 'no keys' : table);
  });
}

function statusOf({ revoked, expiresAt }: KeyListed, now: number): string {
  if (revoked) return 'revoked';
  return expiresAt !== undefined && now >= expiresAt ? 'expired' : 'good';
}

function keyCells(key: KeyListed, now: number): string[] {
  const { id, org, principal, roles, issuedAt, issuedBy, expiresAt } = key;
  return [
    id,
    `${org}/${principal}`,
    roles.join(', '),
    timeText(issuedAt),
    issuedBy,
    expiresAt === undefined ? '-' : timeText(expiresAt),
    statusOf(key, now),
  ];
}

/** A key for programs. */
export function keyJson(key: KeyListed, now: number): object {
  const { issuedAt, expiresAt, revoked: _, ...rest } = key;
  return {
    ...rest,
    issuedAt: timeText(issuedAt),
    ...(expiresAt === undefined ? {} : { expiresAt: timeText(expiresAt) }),
    status: statusOf(key, now),
  };
}
