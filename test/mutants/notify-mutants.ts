/** Mutants of notifiers: what is sent where, what a receiver trusts, and what the log keeps of it. */
import type { Mutant } from './mutant.ts';

const webhookTests = ['test/notify/webhook.test.ts'];
const receiverTests = ['test/notify/verify-webhook.test.ts'];

export const notifyMutants: readonly Mutant[] = [
  {
    name: 'notify-resolves-twice',
    guards: 'The address that was checked is the one connected to.',
    file: 'src/notify/webhook.ts',
    find: "const address = addresses[(notification.attempt - 1) % addresses.length] ?? '';",
    replace: "const address = (await resolve(url.hostname))[0] ?? addresses[0] ?? '';",
    tests: webhookTests,
  },
  {
    name: 'notify-checks-first-address-only',
    guards: 'One address that is refused refuses the name.',
    file: 'src/notify/webhook.ts',
    find: 'for (const address of addresses) {',
    replace: 'for (const address of addresses.slice(0, 1)) {',
    tests: webhookTests,
  },
  {
    name: 'notify-in-the-clear',
    guards: 'Nothing is sent in the clear to a public address.',
    file: 'src/notify/webhook.ts',
    find: "return protocol === 'https:' ? addressProblem(address, allowPrivate) : clearTextProblem(address);",
    replace:
      "return protocol === '' ? clearTextProblem(address) : addressProblem(address, allowPrivate);",
    tests: webhookTests,
  },
  {
    name: 'notify-takes-redirects-for-success',
    guards: 'A redirect is a failure.',
    file: 'src/notify/webhook.ts',
    find: 'status > 299',
    replace: 'status > 399',
    tests: webhookTests,
  },
  {
    name: 'notify-forgets-servername',
    guards: 'TLS is for the name, though the connection is to the address.',
    file: 'src/notify/webhook.ts',
    find: "servername: isIP(host) === 0 ? host : ''",
    replace: "servername: ''",
    tests: webhookTests,
  },
  {
    name: 'notify-reads-mapped-addresses-as-ipv6',
    guards: 'An address is judged alike as IPv4 and mapped into IPv6.',
    file: 'src/notify/address.ts',
    find: 'const parsed = ipaddr.process(address);',
    replace: 'const parsed = ipaddr.parse(address);',
    tests: ['test/notify/address.test.ts'],
  },
  {
    name: 'notify-trusts-the-future',
    guards: 'A timestamp that is too far from now is refused, early or late.',
    file: 'src/notify/verify-webhook.ts',
    find: 'Math.abs(now - sentAt) > toleranceMs',
    replace: 'now - sentAt > toleranceMs',
    tests: receiverTests,
  },
  {
    name: 'notify-trusts-without-end',
    guards: 'A tolerance that no timestamp is outside of is refused.',
    file: 'src/notify/verify-webhook.ts',
    find: 'toleranceMs <= toleranceMsMax',
    replace: 'toleranceMs <= Infinity * toleranceMsMax',
    tests: receiverTests,
  },
  {
    name: 'notify-signs-no-timestamp',
    guards: 'The signature covers the timestamp.',
    file: 'src/notify/signature.ts',
    find: '`${id}.${timestamp}.`',
    replace: '`${id}.`',
    tests: receiverTests,
  },
  {
    name: 'notify-new-id-each-time',
    guards: 'A notification that is sent again has the same id.',
    file: 'src/engine/notifying/notification.ts',
    find: 'canonicalJson([log, index, command, notifier])',
    replace: 'canonicalJson([log, index, command, notifier, Math.random()])',
    tests: ['test/notify/outbox.test.ts'],
  },
  {
    name: 'notify-closing-heard-late',
    guards: 'A notifier that closes the control plane is not waited for.',
    file: 'src/engine/notifying/delivery.ts',
    find: 'await Promise.race([aborted, deliver()]);',
    replace: 'await Promise.race([deliver(), aborted]);',
    tests: ['test/notify/dispatcher.test.ts'],
  },
  {
    name: 'notify-tells-commitments',
    guards: 'A notification has no commitments in it.',
    file: 'src/engine/notifying/notification.ts',
    find: 'const { commitments: _, idempotency: __, ...data } = event.data;',
    replace: 'const { idempotency: __, ...data } = event.data;',
    tests: ['test/notify/dispatcher.test.ts'],
  },
  {
    name: 'notify-records-twice',
    guards: 'The log has one outcome for each notification.',
    file: 'src/kernel/handle-notifier.ts',
    find: "if (entry < (view.get('notifier', notifier)?.cursor ?? 0)) {",
    replace: 'if (entry < 0) {',
    tests: ['test/kernel/notifier.test.ts'],
  },
];
