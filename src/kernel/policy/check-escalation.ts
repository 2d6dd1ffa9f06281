/** Checks to whom an approval that nobody decides is escalated, and when. */
import { limits } from '../limits.ts';
import type { DecidesTickets } from './check-roles.ts';
import { type Findings, isWholeNumber } from './finding.ts';
import { isPrincipalPattern, principalPatternText } from './subject-pattern.ts';

/** Who may be asked, in words. */
export const deciderText = 'a role that decides tickets, such as approver or admin';

export function checkEscalation(
  findings: Findings,
  path: string,
  value: unknown,
  decides: DecidesTickets,
): void {
  if (value === undefined) return;
  const escalation = findings.object(path, value, ['afterMs', 'roles', 'principals']);
  if (escalation === undefined) return;
  const { afterMs, roles, principals } = escalation;
  if (!isWholeNumber(1, limits.ticketTimeoutMsMax)(afterMs)) {
    const message = `must be a whole number from 1 to ${limits.ticketTimeoutMsMax}`;
    findings.add('wrong-type', `${path}.afterMs`, message);
  }
  findings.listOf(`${path}.roles`, roles, decides, deciderText);
  findings.listOf(`${path}.principals`, principals, isPrincipalPattern, principalPatternText);
  if (roles === undefined && principals === undefined) {
    findings.add('no-effect', path, 'names neither other roles nor other principals');
  }
}
