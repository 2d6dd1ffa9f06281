/** Checks that whoever is told of a question, or may decide it later on, is so while it is still open. */
import { limits } from '../limits.ts';
import type { ApprovalDocument, PolicyDocument } from './document.ts';
import type { Findings } from './finding.ts';

/** `document` has no other findings. */
export function checkApprovalTimes(
  findings: Findings,
  document: Readonly<Record<string, unknown>>,
): void {
  const { approvals, rules = [] } = document as Partial<PolicyDocument>;
  const usualMs = approvals?.timeoutMs ?? limits.ticketTimeoutMs;
  const ownMs = rules.flatMap(({ approval }) => approval?.timeoutMs ?? []);
  // A rule may leave its question open for longer, and have the escalation of all.
  checkTimes(findings, 'approvals', approvals, Math.max(usualMs, ...ownMs));
  for (const [position, { approval }] of rules.entries()) {
    const path = `rules[${position}].approval`;
    checkTimes(findings, path, approval, approval?.timeoutMs ?? usualMs);
  }
}

function checkTimes(
  findings: Findings,
  path: string,
  approval: ApprovalDocument | undefined,
  openMs: number,
): void {
  const { escalation, remindMs } = approval ?? {};
  const times = { 'escalation.afterMs': escalation?.afterMs, remindMs };
  for (const [name, ms] of Object.entries(times)) {
    if (ms === undefined || ms < openMs) continue;
    const message = `comes too late: the question is over after ${openMs} ms`;
    findings.add('no-effect', `${path}.${name}`, message);
  }
}
