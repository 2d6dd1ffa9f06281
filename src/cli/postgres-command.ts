/** `postgres`: what the owner of a database does, and whether it is in order. */
import type { Command } from 'commander';
import type { CheckOptions } from './postgres/check.ts';
import { schemaOption } from './store-options.ts';
import type { AdministerOptions } from './postgres/administer.ts';

const urlText = 'the URL of the database, such as postgres://owner@db.example.com/agents';

const passwordHelp = `
The password is taken from PGPASSWORD, from the file of PGPASSFILE or from
~/.pgpass, as psql takes it; other users of the machine can read a command line.`;

const exitHelp = 'Exit codes: 0 done, 2 it could not be done.';

export function addPostgresCommand(program: Command): void {
  const group = program
    .command('postgres')
    .description('Prepare a PostgreSQL database for control planes, let roles in, and check it.')
    .addHelpText(
      'after',
      `
One role owns the schema and changes it; workers only append; readers only read:
  $ agent-control-plane postgres migrate postgres://owner@db/agents
  $ agent-control-plane postgres grant-worker postgres://owner@db/agents worker
  $ agent-control-plane postgres grant-reader postgres://owner@db/agents acme_audit acme
  $ agent-control-plane postgres check postgres://worker@db/agents

Each has its own --help. What to run when: docs/operations.md.`,
    );
  addMigrateCommand(group);
  addWorkerCommand(group);
  addReaderCommand(group);
  addCheckCommand(group);
}

function addMigrateCommand(group: Command): void {
  group
    .command('migrate')
    .summary('make the schema, or update it')
    .description('Make the schema, or bring it up to date. Run it as its owner, before workers.')
    .argument('<url>', urlText)
    .addOption(schemaOption())
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
It is one transaction, and safe to repeat and to run from several machines at
once: one does it, the others find it done. It says from which version to which.
A role that makes a schema owns it, and needs CREATE on the database once.
${passwordHelp}

Examples:
  $ agent-control-plane postgres migrate postgres://owner@db/agents
  $ agent-control-plane postgres migrate postgres://owner@db/agents --schema trial

${exitHelp}`,
    )
    .action(async (url: string, options: AdministerOptions) => {
      const { migrate } = await import('./postgres/administer.ts');
      await migrate(url, options);
    });
}

function addWorkerCommand(group: Command): void {
  group
    .command('grant-worker')
    .summary('let a role append and read')
    .description('Let a role append to logs and read them. It can change and delete nothing.')
    .argument('<url>', urlText)
    .argument('<role>', 'a role that exists; make it with CREATE ROLE')
    .addOption(schemaOption())
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Workers sign in as such a role. Run it as the schema's owner, once for each.
${passwordHelp}

Examples:
  $ psql -c 'CREATE ROLE worker LOGIN'
  $ agent-control-plane postgres grant-worker postgres://owner@db/agents worker

${exitHelp}`,
    )
    .action(async (url: string, role: string, options: AdministerOptions) => {
      const { letWorkerIn } = await import('./postgres/administer.ts');
      await letWorkerIn(url, role, options);
    });
}

function addReaderCommand(group: Command): void {
  group
    .command('grant-reader')
    .summary('let a role read, by SQL')
    .description('Let a role read what carries one org, by SQL; with the org `*`, everything.')
    .argument('<url>', urlText)
    .argument('<role>', 'a role that exists; make it with CREATE ROLE')
    .argument('<org>', 'whose rows it sees; `*` is every org')
    .addOption(schemaOption())
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
A role that sees one org's rows reads them with SQL. The commands that read a
log need a role that sees all of it: a worker, or a reader of \`*\`. Giving a
role another org takes the one before away.
${passwordHelp}

Examples:
  $ agent-control-plane postgres grant-reader postgres://owner@db/agents acme_audit acme
  $ agent-control-plane postgres grant-reader postgres://owner@db/agents auditor '*'

${exitHelp}`,
    )
    .action(async (url: string, role: string, org: string, options: AdministerOptions) => {
      const { letReaderIn } = await import('./postgres/administer.ts');
      await letReaderIn(url, { role, org }, options);
    });
}

function addCheckCommand(group: Command): void {
  group
    .command('check')
    .summary('say whether a database is fit')
    .description('Say whether a database is fit to be worked on, and how full and how busy it is.')
    .argument('<url>', 'the URL that workers use, with their role')
    .addOption(schemaOption())
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Each line is \`ok\`, \`note\` (worth knowing, nothing is wrong) or \`BAD\` (workers
refuse, or could lose what they acknowledged). Looked at are the settings that
durability rests on, the schema, the role, whether notifications are delivered
(they are not through a pooler in transaction mode), synchronous standbys,
connections, the oldest transaction, tables and logs. Nothing is changed.
${passwordHelp}

Examples:
  $ agent-control-plane postgres check postgres://worker@db/agents
  $ agent-control-plane postgres check postgres://worker@db/agents --json | jq .logs

Exit codes: 0 nothing is bad, 1 something is, 2 it could not be asked.`,
    )
    .action(async (url: string, options: CheckOptions) => {
      const { check } = await import('./postgres/check.ts');
      await check(url, options);
    });
}
