/** Options of notifiers that cannot be meant: a misspelt `orgs` would tell a receiver of every org. */
import { expect, test } from 'vitest';
import {
  callbackNotifier,
  type NotifierOptions,
  verifyWebhook,
  webhook,
} from '../../src/notify/index.ts';

const terms = { name: 'desk', url: 'https://hooks.example/a', secret: 'a'.repeat(24) };

test.each([
  ['a misspelt list of orgs', { org: ['acme'] }, 'has no option `org`'],
  ['a misspelt list of events', { event: ['kill-engaged'] }, 'has no option `event`'],
  ['a misspelt number of attempts', { retry: { attempts: 1 } }, 'has no option `attempts`'],
])('no notifier is made with %s', (_, odd, sentence) => {
  expect(() => webhook({ ...terms, ...odd } as typeof terms)).toThrow(sentence);
  const options: NotifierOptions = { name: 'desk', ...(odd as object) };
  expect(() => callbackNotifier(options, () => {})).toThrow(sentence);
});

test('a secret that the environment does not have is named as what is missing', () => {
  const missing = undefined as unknown as string;
  expect(() => webhook({ ...terms, secret: missing })).toThrow('the secret of a webhook is text');
  expect(() => webhook({ ...terms, secret: [missing] })).toThrow(TypeError);
  expect(() => verifyWebhook({}, '', missing, { now: 0 })).toThrow(
    'the secret of a webhook is text',
  );
});
