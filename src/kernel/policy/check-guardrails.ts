/** Checks guardrails: what runs, on which calls, for how long. Which evaluators exist, the engine knows. */
import { limits } from '../limits.ts';
import { isName } from '../name.ts';
import { type Findings, isText, isWholeNumber } from './finding.ts';

type CheckMatch = (path: string, match: unknown) => void;

export function checkGuardrails(findings: Findings, value: unknown, checkMatch: CheckMatch): void {
  if (value === undefined) return;
  const guardrails = findings.object('guardrails', value, ['tool']);
  const list = guardrails?.['tool'];
  if (guardrails === undefined) return;
  if (!Array.isArray(list)) {
    return findings.add('wrong-type', 'guardrails.tool', 'must be a list of guardrails');
  }
  if (list.length === 0) {
    findings.add('empty-list', 'guardrails.tool', 'is empty: it has no effect; leave it out');
  }
  if (list.length > limits.guardrailsMax) {
    const message = `has more than ${limits.guardrailsMax} guardrails`;
    return findings.add('too-many', 'guardrails.tool', message);
  }
  const ids = new Set<unknown>();
  for (const [position, each] of list.entries()) {
    const path = `guardrails.tool[${position}]`;
    const guardrail = findings.object(path, each, [
      'id',
      'evaluator',
      'config',
      'match',
      'effect',
      'timeoutMs',
      'reason',
    ]);
    if (guardrail === undefined) continue;
    const { id, evaluator, effect } = guardrail;
    if (!isName(id)) findings.add('invalid-name', `${path}.id`, 'must be a name');
    else if (ids.has(id)) findings.add('duplicate-id', `${path}.id`, `\`${id}\` is used twice`);
    ids.add(id);
    if (!isName(evaluator)) {
      findings.add('invalid-name', `${path}.evaluator`, 'must be the name of an evaluator');
    }
    checkMatch(`${path}.match`, guardrail['match']);
    if (effect !== undefined && effect !== 'deny' && effect !== 'require-approval') {
      findings.add('wrong-type', `${path}.effect`, 'must be deny or require-approval');
    }
    const timeouts = isWholeNumber(1, limits.evaluatorTimeoutMsMax);
    const wanted = `a whole number from 1 to ${limits.evaluatorTimeoutMsMax}`;
    findings.optional(`${path}.timeoutMs`, guardrail['timeoutMs'], timeouts, wanted);
    findings.optional(`${path}.reason`, guardrail['reason'], isText, 'a text');
  }
}
