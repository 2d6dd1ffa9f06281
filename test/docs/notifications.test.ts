/** The page on notifications: what it says is told is what notifiers want. */
import { expect, test } from 'vitest';
import {
  callbackNotifier,
  type NotifiableEvent,
  notifiableEvents,
  type Notification,
} from '../../src/notify/notifier.ts';
import { codeWords, prose } from './documents.ts';

/** The code words of the paragraph that begins so, after its colon. */
function listed(beginning: string): readonly string[] {
  const paragraphs = prose('docs/notifications.md').split('\n\n');
  const list = paragraphs.find((text) => text.startsWith(beginning)) ?? '';
  return codeWords(list.slice(beginning.length)).toSorted();
}

const usual = callbackNotifier({ name: 'usual' }, () => {});

function isUsual(type: NotifiableEvent): boolean {
  const notification: Notification = {
    id: '',
    type,
    at: 0,
    index: 0,
    org: 'acme',
    data: { ticket: '' },
    body: '',
    attempt: 1,
    attemptedAt: 0,
  };
  return usual.wants(notification);
}

test('what is told by default is listed', () => {
  expect(listed('By default these:')).toEqual(notifiableEvents.filter(isUsual).toSorted());
});

test('what else can be asked for is listed', () => {
  const others = notifiableEvents.filter((type) => !isUsual(type)).toSorted();
  expect(listed('With `events` also these:')).toEqual(others);
});
