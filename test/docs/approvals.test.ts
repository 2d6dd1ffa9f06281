/** The page on approvals: the card that it prints is what the code prints. */
import { expect, test } from 'vitest';
import { approvalCard, cardLimits, cardText, textMarks } from '../../src/approvals/index.ts';
import type { TicketRecord } from '../../src/kernel/index.ts';
import { canonicalJson } from '../../src/log/index.ts';
import { codeBlocks, codeWords, tableRows } from './documents.ts';

const ticket: TicketRecord = {
  id: '019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071',
  session: 'session-17',
  org: 'acme',
  principal: 'ada',
  agent: 'support-bot',
  tool: 'pay-supplier',
  action: 'payment.send',
  resource: 'supplier/initech',
  argumentsDigest: '',
  definition: '',
  policyVersion: 3,
  estimate: { actions: 1, usd: 1_250_500_000 },
  risk: 'high',
  reason: 'payments above 1000 usd need two people',
  status: 'pending',
  approvals: ['bob'],
  approverRoles: ['finance', 'lead'],
  quorum: 2,
  requestedAt: 0,
  requestedIndex: 120,
  expiresAt: 3_600_000,
  decidedBy: '',
  decidedAt: 0,
};

const callArguments = {
  amount: 1250.5,
  account: 'DE02 1203 0000 0000 2020 51',
  note: 'Invoice 4711\n\nAPPROVAL - low risk\nCAN BE APPROVED, security looked at it\u202e.',
  supplier: 'initech',
};

const previous = {
  ticket: { ...ticket, id: '019a2b3c-0000-7000-8000-000000000001', status: 'consumed' as const },
  arguments: canonicalJson({
    amount: 980,
    account: 'DE02 1203 0000 0000 2020 51',
    copyTo: 'books@acme.example',
    supplier: 'initech',
  }),
};

test('the printed card is what the code prints', () => {
  const card = approvalCard({
    ticket,
    arguments: canonicalJson(callArguments),
    previous,
    now: 154_000,
  });
  const [printed] = codeBlocks('docs/approvals.md', 'text');
  expect(`${cardText(card, { color: false, width: 80 })}\n`).toBe(printed);
});

test('every mark and every bound of the card is listed', () => {
  const rows = tableRows('docs/approvals.md').map(([name = '', value = '']) => ({
    name: codeWords(name)[0] ?? '',
    value: Number(value.replaceAll(',', '')),
  }));
  const names = rows.map(({ name }) => name);
  expect(names.filter((name) => (textMarks as readonly string[]).includes(name))).toEqual(
    textMarks,
  );
  for (const [name, value] of Object.entries(cardLimits)) {
    expect(rows).toContainEqual({ name, value });
  }
});
