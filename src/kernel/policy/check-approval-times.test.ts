/** Whom a question is escalated to, and whoever is reminded of it, is so before it is over. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { checkPolicy } from './check.ts';
import type { ApprovalDocument } from './document.ts';

function findingsOf(approvals: ApprovalDocument, own?: ApprovalDocument): readonly string[] {
  const ownTerms = own === undefined ? {} : { approval: own };
  const rules = [{ id: 'r', effect: 'require-approval', ...ownTerms }];
  const checked = checkPolicy({ format: 1, version: 1, actions: { act: {} }, approvals, rules });
  return 'findings' in checked ? checked.findings.map(({ code, path }) => `${code} ${path}`) : [];
}

const escalation = (afterMs: number) => ({ escalation: { afterMs, roles: ['admin'] } });
const usual = limits.ticketTimeoutMs;

test.each<[ApprovalDocument, ApprovalDocument | undefined, string]>([
  [escalation(usual), undefined, 'no-effect approvals.escalation.afterMs'],
  [{ remindMs: usual }, undefined, 'no-effect approvals.remindMs'],
  [{ timeoutMs: 5, ...escalation(5) }, undefined, 'no-effect approvals.escalation.afterMs'],
  [{}, escalation(usual), 'no-effect rules[0].approval.escalation.afterMs'],
  [{ timeoutMs: 9 }, escalation(9), 'no-effect rules[0].approval.escalation.afterMs'],
  [{}, { timeoutMs: 60_000, remindMs: 60_000 }, 'no-effect rules[0].approval.remindMs'],
])('%j and a rule’s own %j: %s', (approvals, own, finding) => {
  expect(findingsOf(approvals, own)).toEqual([finding]);
});

test.each<[ApprovalDocument, ApprovalDocument | undefined]>([
  [escalation(usual - 1), undefined],
  [{ remindMs: usual - 1 }, {}],
  [{ timeoutMs: 5, ...escalation(5) }, { timeoutMs: 6 }],
  [escalation(8), { timeoutMs: 5 }],
  [{ timeoutMs: 5 }, { timeoutMs: 9, ...escalation(8) }],
])('%j and a rule’s own %j: somebody is told in time', (approvals, own) => {
  expect(findingsOf(approvals, own)).toEqual([]);
});
