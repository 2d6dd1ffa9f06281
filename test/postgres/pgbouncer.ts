/**
 * The store behind PgBouncer in transaction mode: `npm run pgbouncer`, or `npm run pgbouncer -- network` for some
 * test files, where `pgbouncer` is on the path (Debian's package of that name has it in `/usr/sbin`).
 *
 * Starts a server and a pooler in front of it, sees that what is said to be lost is lost (notifications) and what
 * is said to work works, and runs the tests of the store that need no direct connection through it. The exit code
 * is 1 where something fails, 2 where there is no pooler.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { bindTool } from '../../src/engine/index.ts';
import { examine } from '../../src/storage/postgres/examine.ts';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { openShop, read, staff } from '../engine/shop.ts';
import { answering, freePort, startServer } from './server.ts';

const root = resolve(import.meta.dirname, '..', '..');
const path = ['/usr/sbin', process.env['PATH']].join(delimiter);

/**
 * Those that look at the server's sessions, settings or notifications, or sign in as a role that the pooler has no
 * password of, need a direct connection.
 */
const files = [
  'test/postgres/conformance.test.ts',
  'test/postgres/model-based.test.ts',
  'test/postgres/simulation.test.ts',
  'test/postgres/linearizable.test.ts',
  'test/postgres/turns.test.ts',
  'test/postgres/parcels.test.ts',
  'test/postgres/decided-at-once.test.ts',
  'test/postgres/cut-commits.test.ts',
  'test/postgres/network.test.ts',
  'test/crash',
];

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = spawnSync('pgbouncer', ['--version'], { encoding: 'utf8', env: { PATH: path } });
  if (asked.status !== 0) {
    console.error('there is no `pgbouncer` on the path; on Debian, the package `pgbouncer` has it');
    return 2;
  }
  console.log(asked.stdout.split('\n')[0]);
  const server = await startServer();
  try {
    const pooler = await startPooler(new URL(server.url));
    try {
      await losesNotificationsAlone(pooler.url);
      return await runTests(pooler.url);
    } finally {
      await pooler.stop();
    }
  } finally {
    await server.remove();
  }
}

/** In transaction mode, with the pooler's own settings but for how many connections there may be. */
async function startPooler(server: URL): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'control-plane-pgbouncer-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const users = join(folder, 'users.txt');
  writeFileSync(users, `"${server.username}" "${server.password}"\n`);
  const settings = join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${server.hostname} port=${server.port}`,
    '[pgbouncer]',
    'pool_mode = transaction',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'default_pool_size = 60',
    'max_client_conn = 1000',
  ];
  writeFileSync(settings, `${lines.join('\n')}\n`);
  // It does not run as root; the server has a user of its own then, too.
  const idOf = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const rights = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  const child = spawn('pgbouncer', ['--quiet', settings], {
    ...rights,
    env: { PATH: path },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  const url = new URL(server);
  url.port = String(port);
  await answering(url.href);
  return {
    url: url.href,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Two control planes on one log: a kill reaches the other's work, by polling. */
async function losesNotificationsAlone(url: string): Promise<void> {
  const schema = 'pooled';
  const warned = once(process, 'warning') as Promise<[Error]>;
  const here = await openShop(postgres(url, { schema }));
  const [{ message }] = await warned;
  assert.match(message, /hears no notifications/);
  const { notifications } = await examine({ url, schema });
  assert.equal(notifications, 'not-delivered');
  console.log('ok   notifications are not delivered, and the store says so');

  const elsewhere = await openShop(postgres(url, { schema, listen: false }));
  const session = await here.openSession({ principal: staff(here).billing, agent: 'bot' });
  const { permit } = await session.authorize({
    tool: bindTool(read),
    arguments: session.read({ orderId: 'o-1' }),
  });
  assert(permit !== undefined);
  const aborted = new Promise((done) => permit.signal.addEventListener('abort', done));
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  await elsewhere.kill({ scope, by: staff(elsewhere).ops, reason: 'odd' });
  await aborted;
  console.log('ok   a kill in one control plane stops the work of another, by polling');
  await here.close();
  await elsewhere.close();
}

/** Beside this process, which reads what the server says: one that nobody listens to stands still. */
async function runTests(url: string): Promise<number> {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=dot', '--reporter=./scripts/count-reporter.ts'];
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : files;
  const words = ['run', '--project', 'postgres', ...reporters, ...wanted];
  const child = spawn(process.execPath, [vitest, ...words], {
    cwd: root,
    env: { ...process.env, ACP_TEST_POSTGRES_URL: url },
    stdio: 'inherit',
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status === 0 ? 0 : 1;
}
