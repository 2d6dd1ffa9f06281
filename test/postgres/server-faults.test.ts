/** What servers and their operators do to the connections of a store: nothing acknowledged is lost (I7, I29). */
import { expect, test } from 'vitest';
import { newSchema } from './schema.ts';
import { startServer } from './server.ts';
import { suffer } from './suffering.ts';

const terminations = 15;

test('all connections are terminated again and again while callers act', async () => {
  await suffer({}, async (suffering) => {
    const { schema } = suffering;
    const terminated = new Set<unknown>();
    await suffering.actDuring(async () => {
      for (let storms = 0; storms < terminations;) {
        // A backend that is about to commit is as good a target as any other.
        const rows = await schema.sql(
          `SELECT pid FROM (SELECT pid, pg_terminate_backend(pid) AS was_there
            FROM pg_stat_activity WHERE application_name = '$s') AS each WHERE was_there`,
        );
        const { size } = terminated;
        for (const { pid } of rows) terminated.add(pid);
        // Callers need a moment to be connected again.
        if (terminated.size > size) storms += 1;
      }
      // The server only passes it on. What comes after this is told apart from what that still does.
      const left = 'SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1)';
      await expect.poll(() => schema.sql(left, [[...terminated]])).toEqual([]);
    });
    expect(terminated.size).toBeGreaterThan(terminations);
    await suffering.recover();
    await suffering.actWell();
  });
});

test('the server is stopped and started again under load', async () => {
  const server = await startServer();
  try {
    const size = await suffer({ schema: newSchema(server.url) }, async (suffering) => {
      await suffering.actWell(10);
      const { length } = suffering.failures;
      await suffering.actDuring(() => server.stop());
      await suffering.actUntil(() => suffering.failures.length > length);
      await suffering.actDuring(() => server.start());
      await suffering.recover();
      await suffering.actWell();
    });
    expect(size).toBeGreaterThan(0);
  } finally {
    await server.remove();
  }
});
