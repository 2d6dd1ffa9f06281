/** What servers and their operators do to the connections of a store: nothing acknowledged is lost (I7, I29). */
import { expect, test } from 'vitest';
import { newSchema } from './schema.ts';
import { startServer } from './server.ts';
import { suffer } from './suffering.ts';

const terminations = 15;
/** How long a server process that was told to end may take to do so, ms: on a busy machine it waits for its turn. */
const endingMs = 100_000;

test('all connections are terminated again and again while callers act', async () => {
  await suffer({}, async (suffering) => {
    const { schema } = suffering;
    let terminated = 0;
    await suffering.actDuring(async () => {
      for (let storms = 0; storms < terminations;) {
        // The server only passes it on. What comes after the last is told apart from what it still does.
        const waitMs = storms < terminations - 1 ? 0 : endingMs;
        // A backend that is about to commit is as good a target as any other.
        const rows = await schema.sql(
          `SELECT pg_terminate_backend(pid, ${waitMs}) AS ended FROM pg_stat_activity
            WHERE application_name = '$s'`,
        );
        terminated += rows.length;
        // Callers need a moment to be connected again.
        if (rows.length > 0) storms += 1;
        expect(rows).toEqual(rows.map(() => ({ ended: true })));
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
