/** URLs: read one way only, or not at all. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isHost, isHostInside, parseUrl } from './url.ts';

test.each([
  ['https://example.com', 'https', 'example.com'],
  ['https://example.com/', 'https', 'example.com'],
  ['HTTPS://Mail.EXAMPLE.com:8443/a/b?c=@d#e@f', 'https', 'mail.example.com'],
  ['s3://bucket/key', 's3', 'bucket'],
  ['http://127.0.0.1:80/', 'http', '127.0.0.1'],
  ['https://xn--bcher-kva.example/', 'https', 'xn--bcher-kva.example'],
])('%s', (text, scheme, host) => {
  expect(parseUrl(text)).toEqual({ scheme, host });
});

test.each([
  ['no scheme', 'example.com/a'],
  ['no slashes', 'https:example.com'],
  ['one slash', 'https:/example.com'],
  ['no host', 'https:///a'],
  ['an empty text', ''],
  ['user information', 'https://example.com@evil.example/'],
  ['a password', 'https://a:b@example.com/'],
  ['a backslash', String.raw`https://example.com\.evil.example/`],
  ['a backslash in the path', String.raw`https://example.com/\evil`],
  ['a query right after the host', 'https://evil.example?@example.com/'],
  ['a fragment right after the host', 'https://evil.example#@example.com/'],
  ['a tab', 'https://exam\tple.com/'],
  ['a newline', 'https://example.com\n/'],
  ['a space before', ' https://example.com/'],
  ['a null', 'https://example.com\u0000.evil.example/'],
  ['an encoded host', 'https://ex%61mple.com/'],
  ['an encoded slash in the host', 'https://example.com%2f.evil.example/'],
  ['a trailing dot', 'https://example.com./'],
  ['an empty label', 'https://example..com/'],
  ['a host of another script', 'https://ex\u0430mple.com/'],
  ['an ideographic full stop', 'https://example\u3002com/'],
  ['a full-width letter', 'https://\uff45xample.com/'],
  ['an address as one number', 'http://2130706433/'],
  ['an address in hexadecimal', 'http://0x7f000001/'],
  ['an address in octal', 'http://0177.0.0.1/'],
  ['a short address', 'http://127.1/'],
  ['an address with a hexadecimal end', 'http://127.0.0.0x1/'],
  ['an address out of range', 'http://127.0.0.256/'],
  ['an address of five numbers', 'http://1.2.3.4.5/'],
  ['an address in brackets', 'http://[::1]/'],
  ['an empty port', 'https://example.com:/'],
  ['a port that is no number', 'https://example.com:8o/'],
  ['a port out of range', 'https://example.com:65536/'],
  ['two ports', 'https://example.com:1:2/'],
  ['a hyphen first', 'https://-example.com/'],
  ['a label too long', `https://${'a'.repeat(64)}.com/`],
  ['a host too long', `https://${'a.'.repeat(127)}com/`],
  ['a scheme without a host', 'javascript://example.com/%0aalert(1)'],
  ['a file', 'file://example.com/etc'],
])('%s is no URL', (_, text) => {
  expect(parseUrl(text)).toBeUndefined();
});

test('a host is inside its own domain and those above it, label by label', () => {
  expect(isHostInside('example.com', 'Example.com')).toBe(true);
  expect(isHostInside('a.b.example.com', 'example.com')).toBe(true);
  expect(isHostInside('evil-example.com', 'example.com')).toBe(false);
  expect(isHostInside('example.com.evil.example', 'example.com')).toBe(false);
  expect(isHostInside('com', 'example.com')).toBe(false);
  expect(isHostInside('10.0.0.1', '10.0.0.1')).toBe(true);
  expect(isHostInside('10.0.0.1', '0.0.1')).toBeUndefined();
  expect(isHostInside('example.com', '.example.com')).toBeUndefined();
  expect(isHostInside('example.com', '')).toBeUndefined();
});

test('the platform’s own parser finds the same host in whatever is accepted', () => {
  const part = fc.constantFrom(
    'a',
    'B',
    '0',
    '1',
    '127',
    '0x7',
    '.',
    '-',
    ':',
    '@',
    '/',
    '?',
    '#',
    '%41',
    '\\',
  );
  const texts = fc
    .array(part, { minLength: 1, maxLength: 8 })
    .map((list) => `http://${list.join('')}`);
  fc.assert(
    fc.property(texts, (text) => {
      const parsed = parseUrl(text);
      if (parsed === undefined) return;
      const { hostname, protocol } = new URL(text);
      expect([`${parsed.scheme}:`, parsed.host]).toEqual([protocol, hostname]);
      expect(isHost(parsed.host)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});
