/**
 * The settings that a commit's durability rests on. They are the server's, so they are looked at and not set:
 * at open here, and at each append by the server's own function.
 */
import { StorageError } from '../storage.ts';
import { textCell } from './cells.ts';
import type { Connections } from './connections.ts';
import { lastingCommits } from './schema.ts';

const isOn = (value: string): boolean => value === 'on';
const isUtf8 = (value: string): boolean => value === 'UTF8';

interface Setting {
  readonly name: string;
  readonly wanted: string;
  readonly holds: (value: string) => boolean;
}

const durable: readonly Setting[] = [
  { name: 'fsync', wanted: 'on', holds: isOn },
  { name: 'full_page_writes', wanted: 'on', holds: isOn },
  {
    name: 'synchronous_commit',
    wanted: 'on',
    holds: (value) => lastingCommits.includes(value),
  },
];
/** The names of those settings. */
export const durabilitySettings: readonly string[] = durable.map(({ name }) => name);

/** Without it text would not come back byte for byte: nothing makes up for that. */
const encoding: Setting = { name: 'server_encoding', wanted: 'UTF8', holds: isUtf8 };

const versionMin = 140_000;

/**
 * Returns the settings under which a commit may be lost, as `name = value`. Throws `unsafe-settings` where
 * the server cannot keep a log at all, and for those settings too unless `accepted`.
 */
export async function unsafeSettings(
  connections: Connections,
  accepted: boolean,
): Promise<readonly string[]> {
  const names = ['server_version_num', encoding.name, ...durable.map(({ name }) => name)];
  const list = names.map((name) => `current_setting('${name}')`).join(', ');
  const [row = []] = await connections.read({ text: `SELECT ${list}` });
  const [version = '', ...values] = row.map((cell, at) => textCell(cell, names[at] ?? ''));
  if (Number(version) < versionMin) {
    const message = `PostgreSQL ${version} is older than ${versionMin}, which is 14`;
    throw new StorageError('unsafe-settings', message);
  }
  const unheld = [encoding, ...durable].flatMap((setting, at) => {
    const value = values[at] ?? '';
    return setting.holds(value) ? [] : [{ setting, value }];
  });
  const refused = unheld.filter(({ setting }) => setting === encoding || !accepted);
  if (refused.length > 0) {
    const reasons = refused.map(
      ({ setting, value }) => `${setting.name} is ${value}, not ${setting.wanted}`,
    );
    throw new StorageError('unsafe-settings', reasons.join('; '));
  }
  return unheld.map(({ setting, value }) => `${setting.name} = ${value}`);
}
