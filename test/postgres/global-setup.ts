/** Has a PostgreSQL ready before the tests that need one, and says where it is. */
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { startServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Only in the project that brings a server. */
    postgresUrl?: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['ACP_TEST_POSTGRES_URL'];
  if (given !== undefined) {
    project.provide('postgresUrl', given);
    return async () => {};
  }
  const server = await startServer();
  await assertRelease(server.url);
  project.provide('postgresUrl', server.url);
  return () => server.remove();
}

/** A run that says it is one on another release would say nothing if it was not. */
async function assertRelease(url: string): Promise<void> {
  const wanted = process.env['ACP_TEST_POSTGRES_VERSION'];
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  const version = rows[0]?.server_version ?? '';
  if (wanted !== undefined && !version.startsWith(`${wanted}.`)) {
    throw new Error(`the server is PostgreSQL ${version}, not ${wanted}`);
  }
  console.log(`PostgreSQL ${version}`);
}
