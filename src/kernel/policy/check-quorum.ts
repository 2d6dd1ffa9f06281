/** Checks that an approval takes no more people than it names: it could never be given. */
import type { ApprovalDocument, PolicyDocument } from './document.ts';
import type { Findings } from './finding.ts';
import { isLiteral } from './glob.ts';

/** `document` has no other findings. */
export function checkQuorum(findings: Findings, document: Readonly<Record<string, unknown>>): void {
  const { approvals, rules = [] } = document as Partial<PolicyDocument>;
  checkOne(findings, 'approvals', approvals ?? {});
  for (const [position, { approval }] of rules.entries()) {
    if (approval?.quorum === undefined && approval?.principals === undefined) continue;
    checkOne(findings, `rules[${position}].approval`, { ...approvals, ...approval });
  }
}

function checkOne(
  findings: Findings,
  path: string,
  { quorum = 1, principals, escalation }: ApprovalDocument,
): void {
  if (principals === undefined) return;
  // What an escalation leaves out is as it was before.
  const named = new Set([...principals, ...(escalation?.principals ?? [])]);
  if (quorum <= named.size || ![...named].every(isLiteral)) return;
  const message = `is more than the ${named.size} that \`principals\` names, and nobody else may approve`;
  findings.add('wrong-type', `${path}.quorum`, message);
}
