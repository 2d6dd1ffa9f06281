/** What of a request's body is a message, before anything reads it that could be kept busy by it. */
import { expect, test } from 'vitest';
import { httpLimits } from '../../src/enforce/mcp/config/config.ts';
import { readMessage } from '../../src/enforce/mcp/http/message.ts';

const { requestDepthMax: depthMax, requestMembersMax: membersMax } = httpLimits;

const read = (params: string, bounds = httpLimits) =>
  readMessage(
    Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`),
    bounds,
  );

/** The message and its `params` are levels, too. */
const nested = (levels: number): string =>
  `{"a":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}`;

test('a message of as many levels as may be is read, and one of more is refused, however many', () => {
  expect(read(nested(depthMax))).toHaveProperty('body');
  const message = 'a body has at most 200 levels';
  expect(read(nested(depthMax + 1))).toEqual({ code: -32_600, message });
  expect(read(nested(1_000_000))).toEqual({ code: -32_600, message });
});

test('a message of as many members as may be is read, and one of more is refused, on whatever level', () => {
  // Beside the elements, the message has four members and `params` one.
  const list = (elements: number): string => `{"a":[${Array(elements).fill('{}').join()}]}`;
  expect(read(list(membersMax - 5))).toHaveProperty('body');
  const message = 'a body has at most 20000 members and elements';
  expect(read(list(membersMax - 4))).toEqual({ code: -32_600, message });
  const members = Array.from({ length: membersMax }, (_, each) => `"${each}":1`);
  expect(read(`{${members.join()}}`)).toEqual({ code: -32_600, message });
});

test('what stands in texts is no level and no member, and nothing is in an empty list', () => {
  const text = JSON.stringify('[{,\\"'.repeat(membersMax));
  expect(read(`{"a":${text},${text}:[ ]}`, { ...httpLimits, requestMembersMax: 6 })).toHaveProperty(
    'body',
  );
  expect(read('{"a":{},"b":[\n]}', { ...httpLimits, requestMembersMax: 6 })).toHaveProperty('body');
  expect(read('{"a":{},"b":[\n0]}', { ...httpLimits, requestMembersMax: 6 })).not.toHaveProperty(
    'body',
  );
});

test.each([
  ['a request with the longest `id`', { id: 'a'.repeat(256) }, undefined],
  ['a request with a longer `id`', { id: 'a'.repeat(257) }, /at most 256/],
  ['a request with part of a number', { id: 1.5 }, /whole number/],
  ['a request without `id`', {}, /a request needs an `id`/],
  ['a notification', { method: 'notifications/cancelled' }, undefined],
  ['a notification with `id`', { method: 'notifications/cancelled', id: 1 }, /has no `id`/],
  ['an answer', { method: undefined, id: 1 }, undefined],
  ['an answer to nothing', { method: undefined }, /`method` is missing/],
])('%s is read or refused for what it is', (_, members, refused = /^$/) => {
  const message = { jsonrpc: '2.0', method: 'ping', ...members };
  const answer = readMessage(Buffer.from(JSON.stringify(message)), httpLimits);
  expect('body' in answer ? '' : answer.message).toMatch(refused);
});
