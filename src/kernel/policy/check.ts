/**
 * Checks a policy document before it may be active: every member known, every name declared, every operand
 * of the right kind. What does not check is refused whole, and the policy that was active stays active.
 */
import { limits } from '../limits.ts';
import { isName } from '../name.ts';
import { checkApprovalTimes } from './check-approval-times.ts';
import { checkCondition } from './check-condition.ts';
import {
  checkEvaluators,
  checkInformed,
  evaluatorsWritten,
  membersOf,
} from './check-evaluators.ts';
import { checkLeases, checkLocks } from './check-leases.ts';
import { checkModels } from './check-models.ts';
import { checkQuorum } from './check-quorum.ts';
import { checkRisk } from './check-risk.ts';
import { checkEscalation, deciderText } from './check-escalation.ts';
import { checkRoles, type DecidesTickets, decidingRoles } from './check-roles.ts';
import { fourEyesSubjects, type PolicyDocument, tiersByStrictness } from './document.ts';
import { type Finding, Findings, isText, isWholeNumber } from './finding.ts';
import { compileGlob, isGlob, isLiteral } from './glob.ts';
import { isRiskLevel } from './risk.ts';
import {
  agentPatternText,
  isAgentPattern,
  isPrincipalPattern,
  principalPatternText,
} from './subject-pattern.ts';

const effects: ReadonlySet<unknown> = new Set(['deny', 'steer', 'require-approval', 'allow']);

const isFourEyesSubject = (value: unknown): boolean =>
  (fourEyesSubjects as readonly unknown[]).includes(value);

const isMode = (value: unknown): boolean => value === 'enforce' || value === 'shadow';

/** The document, typed, or what is wrong with it. `value` must be plain JSON data. */
export function checkPolicy(
  value: unknown,
): { readonly document: PolicyDocument } | { readonly findings: readonly Finding[] } {
  const findings = new Findings();
  const document = findings.object('', value, [
    'format',
    'version',
    'name',
    'actions',
    'tiers',
    'autoApproveWhen',
    'rules',
    'approvals',
    'risk',
    'assets',
    'guardrails',
    'models',
    'roles',
    'fourEyes',
    'operatorHeartbeatMs',
    'leases',
    'locks',
    'mode',
  ]);
  if (document === undefined) return { findings: findings.list };
  if (document['format'] !== 1) findings.add('wrong-type', 'format', 'must be 1');
  const versions = isWholeNumber(1, Number.MAX_SAFE_INTEGER);
  if (!versions(document['version']))
    findings.add('wrong-type', 'version', 'must be a whole number from 1 up');
  findings.optional('name', document['name'], isText, 'a text');
  if (isTooCostly(document)) {
    findings.add(
      'too-costly',
      'rules',
      `wildcards times actions are more than ${limits.policyMatchesMax}`,
    );
    return { findings: findings.list };
  }
  const actions = checkActions(findings, document['actions']);
  checkTiers(findings, document['tiers'], actions);
  checkAutoApprove(findings, document['autoApproveWhen']);
  checkRoles(findings, document['roles']);
  findings.optional(
    'operatorHeartbeatMs',
    document['operatorHeartbeatMs'],
    isWholeNumber(limits.heartbeatMsMin, limits.heartbeatMsMax),
    `a whole number from ${limits.heartbeatMsMin} to ${limits.heartbeatMsMax}`,
  );
  const subjects = fourEyesSubjects.join(', ');
  findings.listOf('fourEyes', document['fourEyes'], isFourEyesSubject, `one of ${subjects}`);
  const decides = decidingRoles(document['roles']);
  checkApproval(findings, 'approvals', document['approvals'], decides);
  checkRules(findings, document['rules'], { actions, decides });
  checkRisk(findings, document['risk'], actions);
  checkEvaluators(findings, document, (path, match, members) =>
    checkMatch(findings, path, match, actions, members),
  );
  if (findings.list.length === 0) {
    checkInformed(findings, document);
    checkApprovalTimes(findings, document);
    checkQuorum(findings, document);
  }
  checkModels(findings, document['models'], (path, pattern) =>
    checkActionPattern(findings, path, pattern, actions),
  );
  checkLeases(findings, document['leases']);
  checkLocks(findings, document['locks'], (path, pattern) =>
    checkActionPattern(findings, path, pattern, actions),
  );
  findings.optional('mode', document['mode'], isMode, 'enforce or shadow');
  return findings.list.length === 0
    ? { document: value as PolicyDocument }
    : { findings: findings.list };
}

function checkActions(findings: Findings, value: unknown): readonly string[] {
  const known = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const actions = findings.object('actions', value, known);
  if (actions === undefined) return [];
  if (known.length === 0)
    findings.add('empty-list', 'actions', 'declares no action: nothing could ever run');
  if (known.length > limits.policyActionsMax) {
    findings.add('too-many', 'actions', `declares more than ${limits.policyActionsMax} actions`);
  }
  for (const name of known) {
    const path = `actions.${name}`;
    if (!isName(name)) findings.add('invalid-name', path, 'is not a valid action name');
    const action = findings.object(path, actions[name], [
      'risk',
      'resource',
      'runTimeoutMs',
      'description',
    ]);
    if (action === undefined) continue;
    findings.optional(`${path}.risk`, action['risk'], isRiskLevel, 'low, medium, high or critical');
    findings.optional(`${path}.resource`, action['resource'], isGlob, 'a glob pattern');
    findings.optional(`${path}.description`, action['description'], isText, 'a text');
    findings.optional(
      `${path}.runTimeoutMs`,
      action['runTimeoutMs'],
      isWholeNumber(1, limits.runTimeoutMsMax),
      `a whole number from 1 to ${limits.runTimeoutMsMax}`,
    );
  }
  return known;
}

/** Each wildcard pattern is matched with each action: what that costs is known before it is spent. */
function isTooCostly(document: Readonly<Record<string, unknown>>): boolean {
  const actions = Object.keys(membersOf(document['actions'])).length;
  const tiers = Object.values(membersOf(document['tiers']));
  const rules: readonly unknown[] = Array.isArray(document['rules']) ? document['rules'] : [];
  const locks: readonly unknown[] = Array.isArray(document['locks']) ? document['locks'] : [];
  const locked = locks.map((each) => membersOf(each)['actions']);
  const matched = [...rules, ...evaluatorsWritten(document)].map(
    (each) => membersOf(membersOf(each)['match'])['action'],
  );
  const wildcards = [...tiers, ...locked, ...matched]
    .flat()
    .filter((pattern) => typeof pattern === 'string' && !isLiteral(pattern));
  return wildcards.length * actions > limits.policyMatchesMax;
}

/** A pattern that names no declared action could never have an effect: a misspelling, most likely. */
function checkActionPattern(
  findings: Findings,
  path: string,
  pattern: unknown,
  actions: readonly string[],
): void {
  if (!isGlob(pattern))
    return findings.add('invalid-pattern', path, 'must be an action name or pattern');
  const found = isLiteral(pattern) ? actions.includes(pattern) : actions.some(compileGlob(pattern));
  if (!found)
    findings.add(
      'unknown-action',
      path,
      `\`${pattern}\` matches no action that the policy declares`,
    );
}

function checkTiers(findings: Findings, value: unknown, actions: readonly string[]): void {
  if (value === undefined) return;
  const tiers = findings.object('tiers', value, tiersByStrictness);
  for (const name of tiersByStrictness) {
    const tier = tiers?.[name];
    findings.listOf(`tiers.${name}`, tier, isGlob, 'an action name or pattern');
    if (!Array.isArray(tier)) continue;
    for (const [position, pattern] of tier.entries()) {
      if (isGlob(pattern)) {
        checkActionPattern(findings, `tiers.${name}[${position}]`, pattern, actions);
      }
    }
  }
}

function checkAutoApprove(findings: Findings, value: unknown): void {
  if (value === undefined) return;
  const when = findings.object('autoApproveWhen', value, ['riskAtMost']);
  if (when !== undefined && !isRiskLevel(when['riskAtMost'])) {
    findings.add(
      'wrong-type',
      'autoApproveWhen.riskAtMost',
      'must be low, medium, high or critical',
    );
  }
}

function checkApproval(
  findings: Findings,
  path: string,
  value: unknown,
  decides: DecidesTickets,
): void {
  if (value === undefined) return;
  const known = [
    'roles',
    'timeoutMs',
    'principals',
    'quorum',
    'reasonRequired',
    'escalation',
    'remindMs',
  ];
  const approval = findings.object(path, value, known);
  if (approval === undefined) return;
  findings.listOf(`${path}.roles`, approval['roles'], decides, deciderText);
  const { principals } = approval;
  findings.listOf(`${path}.principals`, principals, isPrincipalPattern, principalPatternText);
  findings.optional(
    `${path}.quorum`,
    approval['quorum'],
    isWholeNumber(1, limits.approvalQuorumMax),
    `a whole number from 1 to ${limits.approvalQuorumMax}`,
  );
  const isFlag = (flag: unknown): boolean => typeof flag === 'boolean';
  findings.optional(`${path}.reasonRequired`, approval['reasonRequired'], isFlag, 'true or false');
  checkEscalation(findings, `${path}.escalation`, approval['escalation'], decides);
  findings.optional(
    `${path}.remindMs`,
    approval['remindMs'],
    isWholeNumber(limits.ticketRemindMsMin, limits.ticketTimeoutMsMax),
    `a whole number from ${limits.ticketRemindMsMin} to ${limits.ticketTimeoutMsMax}`,
  );
  findings.optional(
    `${path}.timeoutMs`,
    approval['timeoutMs'],
    isWholeNumber(1, limits.ticketTimeoutMsMax),
    `a whole number from 1 to ${limits.ticketTimeoutMsMax}`,
  );
}

/** What a rule may refer to. */
interface Declared {
  readonly actions: readonly string[];
  readonly decides: DecidesTickets;
}

function checkRules(findings: Findings, value: unknown, declared: Declared): void {
  const { actions } = declared;
  if (value === undefined) return;
  if (!Array.isArray(value)) return findings.add('wrong-type', 'rules', 'must be a list');
  if (value.length > limits.policyRulesMax) {
    return findings.add('too-many', 'rules', `has more than ${limits.policyRulesMax} rules`);
  }
  const ids = new Set<unknown>();
  for (const [position, each] of value.entries()) {
    const path = `rules[${position}]`;
    const rule = findings.object(path, each, [
      'id',
      'effect',
      'match',
      'when',
      'reason',
      'steer',
      'approval',
      'labels',
      'mode',
    ]);
    if (rule === undefined) continue;
    if (!isName(rule['id'])) findings.add('invalid-name', `${path}.id`, 'must be a name');
    else if (ids.has(rule['id']))
      findings.add('duplicate-id', `${path}.id`, `\`${rule['id']}\` is used twice`);
    ids.add(rule['id']);
    if (!effects.has(rule['effect'])) {
      findings.add(
        'wrong-type',
        `${path}.effect`,
        'must be deny, steer, require-approval or allow',
      );
    }
    findings.optional(`${path}.reason`, rule['reason'], isText, 'a text');
    checkMatch(findings, `${path}.match`, rule['match'], actions);
    if (rule['when'] !== undefined) checkCondition(findings, `${path}.when`, rule['when']);
    checkTerms(findings, path, rule, declared);
    checkLabels(findings, path, rule);
    findings.optional(`${path}.mode`, rule['mode'], isMode, 'enforce or shadow');
  }
}

/** A call that is never allowed labels nothing. */
function checkLabels(
  findings: Findings,
  path: string,
  { labels, effect }: Readonly<Record<string, unknown>>,
): void {
  findings.listOf(`${path}.labels`, labels, isName, 'a name');
  if (labels === undefined) return;
  if (effect === 'deny' || effect === 'steer') {
    const message = 'has an effect only where the call can be allowed';
    findings.add('no-effect', `${path}.labels`, message);
  }
  if (Array.isArray(labels) && labels.length > limits.labelsMax) {
    findings.add('too-many', `${path}.labels`, `has more than ${limits.labelsMax} labels`);
  }
}

function checkMatch(
  findings: Findings,
  path: string,
  value: unknown,
  actions: readonly string[],
  members: readonly string[] = ['action', 'resource', 'agent', 'principal'],
): void {
  if (value === undefined) return;
  const match = findings.object(path, value, members);
  if (match === undefined) return;
  if (Object.keys(match).length === 0)
    findings.add('empty-match', path, 'is empty; leave it out to match all');
  for (const [name, pattern] of Object.entries(match)) {
    const patterns: readonly unknown[] = Array.isArray(pattern) ? pattern : [pattern];
    if (patterns.length === 0)
      findings.add('empty-list', `${path}.${name}`, 'is empty and would never match');
    for (const one of patterns) {
      if (name === 'action') checkActionPattern(findings, `${path}.action`, one, actions);
      else checkSubjectPattern(findings, `${path}.${name}`, { name, pattern: one });
    }
  }
}

function checkSubjectPattern(
  findings: Findings,
  path: string,
  { name, pattern }: { readonly name: string; readonly pattern: unknown },
): void {
  const add = (wanted: string): void => findings.add('invalid-pattern', path, `must be ${wanted}`);
  if (name === 'agent' && !isAgentPattern(pattern)) add(agentPatternText);
  else if (name === 'principal' && !isPrincipalPattern(pattern)) add(principalPatternText);
  else if (!isGlob(pattern)) add('a pattern');
}

/** The terms that belong to an effect: required where it needs them, refused where they have no effect. */
function checkTerms(
  findings: Findings,
  path: string,
  rule: Readonly<Record<string, unknown>>,
  { actions, decides }: Declared,
): void {
  if (rule['approval'] !== undefined && rule['effect'] !== 'require-approval') {
    findings.add('no-effect', `${path}.approval`, 'has an effect only with `require-approval`');
  }
  checkApproval(findings, `${path}.approval`, rule['approval'], decides);
  if (rule['effect'] !== 'steer') {
    if (rule['steer'] !== undefined)
      findings.add('no-effect', `${path}.steer`, 'has an effect only with `steer`');
    return;
  }
  const steer = findings.object(`${path}.steer`, rule['steer'] ?? {}, [
    'guidance',
    'suggest',
    'retriesAtMost',
  ]);
  if (!isText(steer?.['guidance']))
    findings.add('wrong-type', `${path}.steer.guidance`, 'must be a text');
  findings.optional(
    `${path}.steer.retriesAtMost`,
    steer?.['retriesAtMost'],
    isWholeNumber(0, limits.steerRetriesMax),
    `a whole number from 0 to ${limits.steerRetriesMax}`,
  );
  const suggest = steer?.['suggest'];
  findings.listOf(`${path}.steer.suggest`, suggest, isName, 'an action name');
  for (const action of Array.isArray(suggest) ? suggest : []) {
    if (isName(action)) checkActionPattern(findings, `${path}.steer.suggest`, action, actions);
  }
}
