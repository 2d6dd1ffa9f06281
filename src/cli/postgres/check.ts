/** Prints how a database is, line by line, and says by its exit code whether something is bad. */
import { examine, type Examination } from '../../storage/postgres/examine.ts';
import { exitCodes } from '../exit.ts';
import { databaseOf } from '../store-of.ts';
import { colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { timeText } from '../time-text.ts';
import { told } from './administer.ts';

export interface CheckOptions {
  readonly schema?: string;
  readonly json?: true;
}

interface Finding {
  readonly name: string;
  readonly status: 'ok' | 'note' | 'bad';
  readonly text: string;
}

/** A transaction that is open for longer keeps dead rows of the logs' heads from being reused. */
const transactionSecondsMax = 300;
/** Above this share of the server's connections, workers that start may be refused. */
const connectionsShareMax = 0.8;

export async function check(url: string, { schema, json }: CheckOptions): Promise<void> {
  const place = databaseOf(url, schema);
  const examination = await told(place, () => examine(place));
  const findings = findingsOf(examination);
  const good = findings.every(({ status }) => status !== 'bad');
  if (json === true)
    await print(jsonLine({ good, database: place.name, findings, ...examination }));
  else await printFindings(place.name, findings);
  process.exitCode = good ? exitCodes.ok : exitCodes.bad;
}

async function printFindings(name: string, findings: readonly Finding[]): Promise<void> {
  const colors = colorsFor(terminal().stdout);
  await print(shown(name));
  const marks = {
    ok: colors.green('ok  '),
    note: colors.yellow('note'),
    bad: colors.red('BAD '),
  } as const;
  for (const each of findings) {
    await print(`  ${marks[each.status]} ${colors.dim(each.name.padEnd(13))} ${shown(each.text)}`);
  }
}

function findingsOf(examination: Examination): readonly Finding[] {
  return [
    settingsFinding(examination),
    serverFinding(examination),
    standbysFinding(examination),
    schemaFinding(examination),
    roleFinding(examination),
    notificationsFinding(examination),
    connectionsFinding(examination),
    transactionFinding(examination),
    ...examination.tables.map(({ name, bytes, deadRows }): Finding => ({
      name: `table ${name}`,
      status: 'ok',
      text: `${sizeText(bytes)}, ${deadRows} dead rows`,
    })),
    ...examination.logs.map(({ name, size, at }): Finding => ({
      name: 'log',
      status: 'ok',
      text: `\`${name}\`: ${size} entries${size === 0 ? '' : `, the last at ${timeText(at)}`}`,
    })),
  ];
}

function settingsFinding({ server: { settings, unsafe } }: Examination): Finding {
  const name = 'settings';
  if (unsafe.length > 0) {
    return { name, status: 'bad', text: `a commit may be lost: ${unsafe.join(', ')}` };
  }
  const list = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
  return { name, status: 'ok', text: list.join(', ') };
}

function serverFinding({ server: { version, standby } }: Examination): Finding {
  const name = 'server';
  if (!standby) return { name, status: 'ok', text: `PostgreSQL ${version}, a primary` };
  const text = `PostgreSQL ${version}, a standby: it can be read, and workers refuse it`;
  return { name, status: 'bad', text };
}

function standbysFinding({ standbys, server }: Examination): Finding {
  const name = 'standbys';
  const { names, connected, synchronous } = standbys;
  if (names !== '' && server.settings['synchronous_commit'] === 'local') {
    const text = `commits do not wait for \`${names}\`: synchronous_commit is local for this role`;
    return { name, status: 'note', text };
  }
  if (names === '') {
    const text = 'no commit waits for another server: a failover may lose what was acknowledged';
    return { name, status: 'note', text };
  }
  if (connected === null || synchronous === null) {
    const text = `commits wait for \`${names}\`; how many are there, members of pg_monitor see`;
    return { name, status: 'note', text };
  }
  const text = `commits wait for \`${names}\`: ${connected} connected, ${synchronous} synchronous`;
  return { name, status: synchronous > 0 ? 'ok' : 'bad', text };
}

function schemaFinding({ schema }: Examination): Finding {
  const { version, known, problem } = schema;
  const name = 'schema';
  if (problem !== null) return { name, status: 'bad', text: problem };
  if (version === 0) {
    return { name, status: 'bad', text: 'there is none yet: run `postgres migrate` as its owner' };
  }
  if (version < known) {
    const text = `version ${version}, this release has ${known}: run \`postgres migrate\``;
    return { name, status: 'bad', text };
  }
  return { name, status: 'ok', text: `\`${schema.name}\`, version ${version}, as it was made` };
}

function roleFinding({ role, schema }: Examination): Finding {
  const name = 'role';
  if (schema.version === 0) return { name, status: 'ok', text: `\`${role.name}\`` };
  if (role.owner) {
    const text = `\`${role.name}\` owns the schema: workers should not`;
    return { name, status: 'note', text };
  }
  if (role.appends && !role.whole) {
    const text = `\`${role.name}\` may append, and does not see every row: workers refuse; let it in itself`;
    return { name, status: 'bad', text };
  }
  if (role.appends) return { name, status: 'ok', text: `\`${role.name}\` may append, and no more` };
  return { name, status: 'note', text: `\`${role.name}\` may not append: it only reads` };
}

function notificationsFinding({ notifications, server }: Examination): Finding {
  const name = 'notifications';
  if (notifications === 'listening') {
    return { name, status: 'ok', text: 'delivered: others’ commits are heard of at once' };
  }
  if (notifications === 'lost') {
    return { name, status: 'note', text: 'not known: a commit was not answered in time' };
  }
  const why = server.standby ? 'a standby sends none' : 'as through a pooler in transaction mode';
  return { name, status: 'note', text: `not delivered, ${why}: workers poll` };
}

function connectionsFinding({ server }: Examination): Finding {
  const { connections, connectionsMax } = server;
  const isMany = connections > connectionsShareMax * connectionsMax;
  const text = `${connections} of ${connectionsMax}; a worker takes up to 5`;
  return { name: 'connections', status: isMany ? 'note' : 'ok', text };
}

function transactionFinding(examination: Examination): Finding {
  const { oldestTransactionSeconds: seconds, allTransactionsSeen } = examination;
  const name = 'transactions';
  const text = allTransactionsSeen
    ? `the oldest is ${seconds} s old`
    : `the oldest of this role is ${seconds} s old; others’ are seen by members of pg_monitor`;
  if (seconds <= transactionSecondsMax) {
    return { name, status: allTransactionsSeen ? 'ok' : 'note', text };
  }
  return { name, status: 'note', text: `${text}: until it ends, dead rows are kept` };
}

function sizeText(bytes: number): string {
  if (bytes < 1_024 * 1_024) return `${Math.ceil(bytes / 1_024)} kB`;
  return `${(bytes / 1_024 / 1_024).toFixed(1)} MB`;
}
