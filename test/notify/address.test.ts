/** Which addresses a webhook is sent to, in every way that an address can be written. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressProblem } from '../../src/notify/address.ts';

const open = ['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111', '2a00:1450:4001:80e::200e'];

/** Admitted with `allowPrivateAddresses`. */
const inside = [
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.100.100.201',
  '::1',
  'fd00:ec3::254',
  'fc00::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
];

/** Never admitted: metadata, link-local, multicast, reserved, and addresses that stand for others. */
const never = [
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '168.63.129.16',
  '::ffff:168.63.129.16',
  '100.100.100.200',
  '::ffff:100.100.100.200',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'FD00:0EC2:0:0:0:0:0:254',
  'fd20:ce::254',
  '0.0.0.0',
  '0.1.2.3',
  '255.255.255.255',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '192.0.0.192',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '::',
  '::127.0.0.1',
  '::10.0.0.1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::',
  '2002:a9fe:a9fe::',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:db8::1',
  '100::1',
  '::ffff:0:127.0.0.1',
];

const notAddresses = [
  '',
  'localhost',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '1.1.1',
  'fe80::1%eth0',
  '2606:4700::1%lo',
  '[::1]',
  '1.1.1.1 ',
];

test('addresses of the public internet are open', () => {
  for (const address of open) expect(addressProblem(address, false)).toBeUndefined();
});

test.each(inside)('%s is refused unless private addresses are allowed', (address) => {
  expect(addressProblem(address, false)).toBeTypeOf('string');
  expect(addressProblem(address, true)).toBeUndefined();
});

test.each(never)('%s is refused whatever is allowed', (address) => {
  expect(addressProblem(address, false)).toBeTypeOf('string');
  expect(addressProblem(address, true)).toBeTypeOf('string');
});

test.each(notAddresses)('`%s` is no address', (address) => {
  expect(addressProblem(address, true)).toBe('it is no address');
});

test('an address is judged alike as IPv4 and mapped into IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.boolean(), (address, allowPrivate) => {
      const mapped = addressProblem(`::ffff:${address}`, allowPrivate);
      expect(mapped).toEqual(addressProblem(address, allowPrivate));
    }),
    { numRuns: 2_000 },
  );
});

test('outside of 2000::/3 no IPv6 address is open but mapped ones', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const first = Number.parseInt(address.split(':')[0] || '0', 16);
      const isMapped = /ffff:[0-9.]+$/i.test(address) || /ffff:[0-9a-f]+:[0-9a-f]+$/i.test(address);
      fc.pre(!(first >= 0x2000 && first <= 0x3fff) && !isMapped);
      expect(addressProblem(address, false)).toBeTypeOf('string');
    }),
    { numRuns: 2_000 },
  );
});
