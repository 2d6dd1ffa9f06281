/** A process of its own that asks for one refund, waits for its ticket to be decided, and asks again. */
import { ActionRefused, guard } from '../../src/index.ts';
import { openDesk, refundTool } from './desk.ts';

const [, , path = ''] = process.argv;
const plane = await openDesk(path);
const principal = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['agent'] });
const session = await plane.openSession({ principal, agent: 'bot' });
const refund = guard(session, refundTool);
const call = { orderId: 'o-9', note: 'late' };

const decided = new Promise<string>((resolve) => {
  plane.subscribe(({ type }) => {
    if (type === 'ticket-approved' || type === 'ticket-denied') resolve(type);
  });
});
const refusal: unknown = await refund(call).catch((failure: unknown) => failure);
const ticket = ActionRefused.is(refusal) ? refusal.decision.ticket : '';
process.stdout.write(`${JSON.stringify({ ticket })}\n`);
// The subscription alone keeps no process alive.
const alive = setInterval(() => {}, 1_000);
const how = await decided;
clearInterval(alive);
const answer = await refund(call).catch((failure: unknown) => String(failure));
process.stdout.write(`${JSON.stringify({ how, answer })}\n`);
await plane.close();
