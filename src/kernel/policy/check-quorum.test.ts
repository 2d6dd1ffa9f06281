/** An approval that takes more people than may give it is refused before anybody waits for it. */
import { expect, test } from 'vitest';
import { checkPolicy } from './check.ts';
import type { ApprovalDocument } from './document.ts';

function findingsOf(approvals: ApprovalDocument, own?: ApprovalDocument): readonly string[] {
  const ownTerms = own === undefined ? {} : { approval: own };
  const rules = [{ id: 'r', effect: 'require-approval', ...ownTerms }];
  const checked = checkPolicy({ format: 1, version: 1, actions: { act: {} }, approvals, rules });
  return 'findings' in checked ? checked.findings.map(({ code, path }) => `${code} ${path}`) : [];
}

const ann = { principals: ['ann'] };
const both = { principals: ['ann', 'bea'] };
const escalated = (terms: object) => ({ escalation: { afterMs: 5, ...terms } });

test.each<[ApprovalDocument, ApprovalDocument | undefined, readonly string[]]>([
  [{ ...ann, quorum: 2 }, undefined, ['approvals.quorum']],
  [{ ...both, quorum: 3 }, { quorum: 2 }, ['approvals.quorum']],
  [{ principals: ['ann', 'ann'], quorum: 2 }, { timeoutMs: 9 }, ['approvals.quorum']],
  [ann, { quorum: 2 }, ['rules[0].approval.quorum']],
  [{ quorum: 2 }, ann, ['rules[0].approval.quorum']],
  [{ ...both, quorum: 2 }, ann, ['rules[0].approval.quorum']],
  [{ ...ann, quorum: 2, ...escalated({ roles: ['admin'] }) }, undefined, ['approvals.quorum']],
  [{ ...ann, quorum: 3, ...escalated(both) }, undefined, ['approvals.quorum']],
])('%j and a rule’s own %j could never be given', (approvals, own, paths) => {
  expect(findingsOf(approvals, own)).toEqual(paths.map((path) => `wrong-type ${path}`));
});

test.each<[ApprovalDocument, ApprovalDocument | undefined]>([
  [{ quorum: 5 }, undefined],
  [
    { ...both, quorum: 2 },
    { ...ann, quorum: 1 },
  ],
  [{ principals: ['ann', 'b*'], quorum: 5 }, undefined],
  [{ ...ann, quorum: 2, ...escalated({ principals: ['bea'] }) }, undefined],
  [{ ...ann, quorum: 9, ...escalated({ principals: ['**'] }) }, undefined],
])('%j and a rule’s own %j may be given', (approvals, own) => {
  expect(findingsOf(approvals, own)).toEqual([]);
});
