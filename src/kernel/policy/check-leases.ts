/** Checks what a policy says of leases and of resource locks. */
import { limits } from '../limits.ts';
import { type Findings, isWholeNumber } from './finding.ts';
import { isGlob } from './glob.ts';

const isOnStuck = (value: unknown): boolean =>
  value === 'abort' || value === 'pause' || value === 'alert';

export function checkLeases(findings: Findings, value: unknown): void {
  if (value === undefined) return;
  const leases = findings.object('leases', value, ['onStuck', 'termMs']);
  if (leases === undefined) return;
  if (Object.keys(leases).length === 0) {
    findings.add('no-effect', 'leases', 'is empty; leave it out');
  }
  findings.optional('leases.onStuck', leases['onStuck'], isOnStuck, 'abort, pause or alert');
  const { leaseTermMsMin, leaseTermMsMax } = limits;
  findings.optional(
    'leases.termMs',
    leases['termMs'],
    isWholeNumber(leaseTermMsMin, leaseTermMsMax),
    `a whole number from ${leaseTermMsMin} to ${leaseTermMsMax}`,
  );
}

export function checkLocks(
  findings: Findings,
  value: unknown,
  checkAction: (path: string, pattern: string) => void,
): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) return findings.add('wrong-type', 'locks', 'must be a list');
  if (value.length === 0) findings.add('empty-list', 'locks', 'is empty; leave it out');
  if (value.length > limits.locksMax) {
    return findings.add('too-many', 'locks', `has more than ${limits.locksMax}`);
  }
  for (const [position, each] of value.entries()) {
    const path = `locks[${position}]`;
    const lock = findings.object(path, each, ['actions', 'mode']);
    if (lock === undefined) continue;
    if (lock['mode'] !== 'exclusive') {
      findings.add('wrong-type', `${path}.mode`, 'must be exclusive');
    }
    const { actions } = lock;
    if (actions === undefined) {
      findings.add('wrong-type', `${path}.actions`, 'must be a list of patterns');
      continue;
    }
    findings.listOf(`${path}.actions`, actions, isGlob, 'an action name or pattern');
    if (!Array.isArray(actions)) continue;
    if (actions.length > limits.lockPatternsMax) {
      findings.add('too-many', `${path}.actions`, `has more than ${limits.lockPatternsMax}`);
      continue;
    }
    for (const [place, pattern] of actions.entries()) {
      if (isGlob(pattern)) checkAction(`${path}.actions[${place}]`, pattern);
    }
  }
}
