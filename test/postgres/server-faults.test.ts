/** What servers and their operators do to the connections of a store: nothing acknowledged is lost (I7, I29). */
import { expect, test } from 'vitest';
import { newSchema } from './schema.ts';
import { startServer } from './server.ts';
import { suffer } from './suffering.ts';

const terminations = 15;

test('all connections are terminated again and again while callers act', async () => {
  await suffer({}, async (suffering) => {
    const { schema } = suffering;
    let terminated = 0;
    await suffering.actDuring(async () => {
      for (let storms = 0; storms < terminations; storms += 1) {
        // A backend that is about to commit is as good a target as any other.
        const rows = await schema.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '$s'`,
        );
        terminated += rows.length;
      }
    });
    expect(terminated).toBeGreaterThan(terminations);
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
