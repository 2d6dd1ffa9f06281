/** A process of its own that asks for one refund and waits for an approver, with nothing else going on. */
import { guard } from '../../src/index.ts';
import { openDesk, refundTool } from './desk.ts';

const [, , path = ''] = process.argv;
const plane = await openDesk(path);
const principal = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'bot' });
const refund = guard(session, refundTool);

const told = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
plane.subscribe(({ type, data }) => {
  if (type === 'ticket-requested' && 'ticket' in data) told({ ticket: data.ticket });
});
// Nothing but this keeps the process alive.
const answer = await refund({ orderId: 'o-9', note: 'late' }, { waitForApproval: true }).catch(
  (failure: unknown) => String(failure),
);
told({ answer });
await plane.close();
