/** Every row that a card has only sometimes, as it is printed. */
import { expect, test } from 'vitest';
import { approvalCard, cardText } from '../../src/approvals/index.ts';
import { ticketWith } from './card-inputs.ts';

const at = Date.UTC(2026, 0, 1);

test('each row that is not on every card is printed as it is here', () => {
  const ticket = ticketWith({
    model: 'cloud/small',
    estimate: {},
    ancestors: ['parent', 'root'],
    reason: '',
    approverPrincipals: [['user:a*', 'user:b*']],
    reasonRequired: true,
    escalation: { at, roles: ['chief'], principals: [['user:c*']] },
    edited: { by: 'user:bob', index: 5 },
    grant: { actions: ['order.*'], uses: 3, cost: { usd: 5_000_000 }, expiresAt: at },
  });
  const previous = { ticket: ticketWith({ id: 'before', status: 'consumed' }), arguments: '{}' };
  const card = approvalCard({ ticket, arguments: undefined, previous, now: 2_000 });
  expect(cardText(card, { color: false, width: 110 })).toMatchInlineSnapshot(`
    "APPROVAL - high risk - 59 minutes 59 seconds left
      Ticket      0199c1f0-7a3e-7000-8000-000000000001
      Action      order.refund by the tool refund-order
      Model       cloud/small
      Cost        none is known
      For         ada of acme
      Agent       support-bot in session session-1
      On behalf   of session parent, of root
      Reason      the policy gives none
      Decided by  1 with the role finance or lead and a name like user:a* or user:b*; approved so far: nobody; a
                  reason is required
      Escalated   from 2026-01-01T00:00:00.000Z on also to chief, a principal like user:c*
      Edited by   user:bob, who wrote what follows
      Grants      up to 3 later calls of order.*, for 5 usd at most, until 2026-01-01T00:00:00.000Z
      Compared    with nothing: arguments cannot be read, here or in ticket before, approved last

    WRITTEN BY THE AGENT - lines that begin with |, and nothing else
      Resource
    | is  "order/17"

    CANNOT BE APPROVED from this card:
      - the arguments were erased, so nobody can see what would be approved"
  `);
});
