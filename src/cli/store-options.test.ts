/** What a command repeats of what it was given says nothing of whoever signs in, however it was written. */
import { expect, test } from 'vitest';
import { withoutPasswords } from './store-options.ts';

test.each([
  'postgres://worker:S3CR37@db/agents',
  'POSTGRES://worker:S3CR37@db/agents',
  'postgresql+ssl://worker:S3CR37@db/agents',
  'postgres:worker:S3CR37@db/agents',
  'postgres:///agents?user=worker&password=S3CR37',
  'host=db user=worker password=S3CR37',
])('of %s no password is repeated', (text) => {
  expect(withoutPasswords(`there is no file \`${text}\``)).not.toContain('S3CR37');
});
