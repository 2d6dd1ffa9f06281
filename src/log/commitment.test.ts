import { createHash, createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commit, digestKey, keyedDigest } from './commitment.ts';

const salt = '000102030405060708090a0b0c0d0e0f';

describe('commit', () => {
  it('is SHA-256 over prefix, salt length, salt and text', () => {
    const bytes = Buffer.concat([Buffer.of(2, 16), Buffer.from(salt, 'hex'), Buffer.from('naïve')]);
    const expected = createHash('sha256').update(bytes).digest('hex');
    expect(commit(salt, 'naïve')).toBe(expected);
    expect(commit(salt, 'naïve')).toBe(
      '36d44371563c138e712524aa860b0a007f7e33cc641f619b92957c0679a85a7f',
    );
  });

  it('hides equal values behind different salts', () => {
    expect(commit(salt, 'yes')).not.toBe(commit('ff'.repeat(16), 'yes'));
  });

  it('opens to one text only, wherever salt and text are cut', () => {
    const long = fc.uint8Array({ minLength: 17, maxLength: 64 });
    fc.assert(
      fc.property(long, fc.integer({ min: 16, max: 63 }), (bytes, cut) => {
        fc.pre(cut < bytes.length);
        const ascii = Buffer.from(bytes.map((byte) => byte % 128));
        const saltHex = ascii.toString('hex');
        const shorter = commit(saltHex.slice(0, cut * 2), ascii.toString('ascii', cut));
        return shorter !== commit(saltHex, '');
      }),
    );
  });

  it.each([
    { name: 'a salt of 15 bytes', saltHex: '00'.repeat(15), text: 'x', error: RangeError },
    { name: 'a salt of 256 bytes', saltHex: '00'.repeat(256), text: 'x', error: RangeError },
    { name: 'no salt', saltHex: '', text: 'x', error: TypeError },
    { name: 'half a byte', saltHex: '0'.repeat(33), text: 'x', error: TypeError },
    { name: 'upper case', saltHex: 'AB'.repeat(16), text: 'x', error: TypeError },
    { name: 'what is not hex', saltHex: 'zz'.repeat(16), text: 'x', error: TypeError },
    { name: 'a lone surrogate', saltHex: salt, text: '\ud800', error: TypeError },
  ])('refuses $name', ({ saltHex, text, error }) => {
    expect(() => commit(saltHex, text)).toThrow(error);
  });

  it('takes salts up to 255 bytes', () => {
    expect(commit('00'.repeat(255), 'x')).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('keyedDigest', () => {
  it('is HMAC-SHA-256 over label, zero byte and text', () => {
    const key = Buffer.from(salt, 'hex');
    const expected = createHmac('sha256', key).update('person\0änne', 'utf8').digest('hex');
    expect(keyedDigest(digestKey(salt), 'person', 'änne')).toBe(expected);
  });

  it('keeps keys, labels and texts apart', () => {
    const digests = [
      keyedDigest(digestKey(salt), 'a', 'bc'),
      keyedDigest(digestKey(salt), 'ab', 'c'),
      keyedDigest(digestKey(salt), '', 'abc'),
      keyedDigest(digestKey('ff'.repeat(16)), 'a', 'bc'),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it.each([
    { name: 'a short key', keyHex: '00'.repeat(15), label: 'a', text: 'x', error: RangeError },
    { name: 'no hex', keyHex: 'key', label: 'a', text: 'x', error: TypeError },
    { name: 'a label with U+0000', keyHex: salt, label: 'a\0', text: 'x', error: RangeError },
    { name: 'an ill-formed label', keyHex: salt, label: '\ud800', text: 'x', error: TypeError },
    { name: 'an ill-formed text', keyHex: salt, label: 'a', text: '\udc00', error: TypeError },
  ])('refuses $name', ({ keyHex, label, text, error }) => {
    expect(() => keyedDigest(digestKey(keyHex), label, text)).toThrow(error);
  });
});
