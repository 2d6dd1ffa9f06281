/** Options of notifiers that cannot be meant: a misspelt `orgs` would tell a receiver of every org. */
import { expect, test } from 'vitest';
import { memory, openControlPlane } from '../../src/index.ts';
import {
  callbackNotifier,
  type Notification,
  type Notifier,
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

test.each([
  ['a text as its list of orgs', { orgs: 'acme' }, '`orgs` of a notifier is a list'],
  ['a text as its list of events', { events: 'kill-engaged' }, '`events` of a notifier is a list'],
])('no notifier is made with %s', (_, odd, sentence) => {
  expect(() => webhook({ ...terms, ...(odd as object) })).toThrow(sentence);
  const options: NotifierOptions = { name: 'desk', ...(odd as object) };
  expect(() => callbackNotifier(options, () => {})).toThrow(sentence);
});

test.each([
  ['a text that says to stay out of private networks', { allowPrivateAddresses: 'false' }],
  ['a text as its headers', { headers: 'authorization: a' }],
  ['a list as its headers', { headers: ['a'] }],
  ['a resolver that is none', { resolve: '127.0.0.1' }],
])('no webhook is made with %s', (_, odd) => {
  expect(() => webhook({ ...terms, ...(odd as object) })).toThrow(TypeError);
});

test('no notifier is made of no function', () => {
  const missing = undefined as unknown as () => void;
  expect(() => callbackNotifier({ name: 'desk' }, missing)).toThrow(TypeError);
});

test.each([
  ['says nothing of what it wants', { wants: undefined }],
  ['cannot be told', { deliver: 'https://hooks.example/a' }],
])('a notifier that %s is refused before anything is told', async (_, odd) => {
  const whole = callbackNotifier({ name: 'desk' }, () => {});
  const notifiers = [{ ...whole, ...odd } as unknown as typeof whole];
  await expect(openControlPlane({ storage: memory(), notifiers })).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining('cannot be asked or told') as string,
  });
});

test.each([
  ['orgs', { orgs: ['acme'] }],
  ['events', { events: ['kill-engaged'] }],
])(
  'a notifier with a list of %s beside what it wants is refused: nothing heeds it',
  async (list, more) => {
    const notifiers = [{ ...callbackNotifier({ name: 'desk' }, () => {}), ...more }];
    await expect(openControlPlane({ storage: memory(), notifiers })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining(
        `has \`${list}\`, which its \`wants\` has to heed`,
      ) as string,
    });
  },
);

test('a notifier of a class may keep its orgs as it likes', async () => {
  class Pager implements Notifier {
    readonly name = 'pager';
    readonly orgs = ['acme'];
    wants({ org }: Notification): boolean {
      return this.orgs.includes(org);
    }
    async deliver(): Promise<void> {}
  }
  const plane = await openControlPlane({ storage: memory(), notifiers: [new Pager()] });
  expect(plane.kills('acme')).toEqual([]);
  await plane.close();
});

test('a notifier that is none is refused with a code', async () => {
  const notifiers = [undefined as unknown as ReturnType<typeof callbackNotifier>];
  await expect(openControlPlane({ storage: memory(), notifiers })).rejects.toMatchObject({
    code: 'input-invalid',
  });
});

test('a secret that the environment does not have is named as what is missing', () => {
  const missing = undefined as unknown as string;
  expect(() => webhook({ ...terms, secret: missing })).toThrow('the secret of a webhook is text');
  expect(() => webhook({ ...terms, secret: [missing] })).toThrow(TypeError);
  expect(() => verifyWebhook({}, '', missing, { now: 0 })).toThrow(
    'the secret of a webhook is text',
  );
});

test('a callback that throws has not taken the notification: its delivery is rejected', async () => {
  const notifier = callbackNotifier({ name: 'desk' }, () => {
    throw new Error('out of order');
  });
  const delivery = notifier.deliver({} as Notification, new AbortController().signal);
  await expect(delivery).rejects.toThrow('out of order');
});
