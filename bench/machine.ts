/** The facts of the machine that figures cannot be read without. */
import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, type } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { measureDisk } from './disk.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly system: string;
  readonly node: string;
  readonly sqlite: string;
  /** Load average of the minute before. */
  readonly load: number;
  readonly disk: {
    readonly fileSystem: string;
    readonly inMemory: boolean;
    readonly p50Ms: number;
    readonly p99Ms: number;
  };
}

/** Linux's numbers for file systems; others are shown as their number. */
const fileSystems: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlay',
  0x01021994: 'tmpfs',
  0x2fc12fc1: 'zfs',
};

export async function describeMachine(folder: string, quick: boolean): Promise<Machine> {
  const { type: magic } = statfsSync(folder);
  const fileSystem = fileSystems[magic] ?? `file system 0x${magic.toString(16)}`;
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    system: `${type()} ${release()}`,
    node: process.versions.node,
    sqlite: sqliteVersion(),
    load: loadavg()[0] ?? 0,
    disk: {
      fileSystem,
      inMemory: fileSystem === 'tmpfs',
      ...(await measureDisk(join(folder, 'disk-at-start.bin'), quick ? 200 : 2_000)),
    },
  };
}

function sqliteVersion(): string {
  const database = new DatabaseSync(':memory:');
  try {
    return String(database.prepare('SELECT sqlite_version() AS version').get()?.['version']);
  } finally {
    database.close();
  }
}
