/** What a caller is told where the thread does not come up. */
import { expect, test } from 'vitest';
import { WorkerLink } from './worker-link.ts';

test('on a Node without SQLite the error says which Node it needs', async () => {
  // Node 20 fails in its thread with this very code.
  const link = new WorkerLink("require('node:no-such-module')", 'sqlite x.db', {
    path: 'x.db',
    options: {},
  });
  await expect(link.request('open', 'main')).rejects.toThrow(
    'sqlite x.db: this Node has no `node:sqlite`: it needs Node 22.13 or later',
  );
});
