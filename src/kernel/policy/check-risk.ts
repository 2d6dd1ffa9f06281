/** Checks the section on risk: levels, points, and sequences whose steps can happen. */
import { limits } from '../limits.ts';
import { isName } from '../name.ts';
import { type Findings, isText, isWholeNumber } from './finding.ts';
import { compileGlob, isGlob } from './glob.ts';
import { isRiskLevel, riskLevels } from './risk.ts';
import { rank } from './session-risk.ts';

const points = isWholeNumber(0, limits.riskPointsMax);
const pointsText = `a whole number from 0 to ${limits.riskPointsMax}`;
const levels = 'low, medium, high or critical';

export function checkRisk(findings: Findings, value: unknown, actions: readonly string[]): void {
  if (value === undefined) return;
  const risk = findings.object('risk', value, [
    'points',
    'thresholds',
    'decayPerMinute',
    'sequences',
    'classifiers',
    'effects',
  ]);
  if (risk === undefined) return;
  checkByLevel(findings, 'risk.points', risk['points'], points, pointsText);
  checkByLevel(findings, 'risk.thresholds', risk['thresholds'], points, pointsText);
  checkThresholdOrder(findings, risk['thresholds']);
  findings.optional('risk.decayPerMinute', risk['decayPerMinute'], points, pointsText);
  const isEffect = (effect: unknown): boolean => effect === 'require-approval' || effect === 'deny';
  checkByLevel(findings, 'risk.effects', risk['effects'], isEffect, 'require-approval or deny');
  checkSequences(findings, risk['sequences'], actions);
}

function checkByLevel(
  findings: Findings,
  path: string,
  value: unknown,
  test: (value: unknown) => boolean,
  wanted: string,
): void {
  if (value === undefined) return;
  const members = findings.object(path, value, riskLevels);
  if (members === undefined) return;
  if (Object.keys(members).length === 0) findings.add('no-effect', path, 'is empty; leave it out');
  for (const level of riskLevels) {
    findings.optional(`${path}.${level}`, members[level], test, wanted);
  }
}

/** A higher level below a lower one would never be seen. */
function checkThresholdOrder(findings: Findings, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  let before = -1;
  for (const level of riskLevels) {
    const threshold: unknown = Object.hasOwn(value, level)
      ? (value as Readonly<Record<string, unknown>>)[level]
      : undefined;
    if (!points(threshold)) continue;
    if ((threshold as number) <= before) {
      const message = 'is not above the threshold of the level below it';
      findings.add('no-effect', `risk.thresholds.${level}`, message);
    }
    before = threshold as number;
  }
}

function checkSequences(findings: Findings, value: unknown, actions: readonly string[]): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) return findings.add('wrong-type', 'risk.sequences', 'must be a list');
  if (value.length === 0) {
    findings.add('empty-list', 'risk.sequences', 'is empty: it has no effect; leave it out');
  }
  if (value.length > limits.riskSequencesMax) {
    const message = `has more than ${limits.riskSequencesMax} sequences`;
    return findings.add('too-many', 'risk.sequences', message);
  }
  const ids = new Set<unknown>();
  for (const [position, each] of value.entries()) {
    const path = `risk.sequences[${position}]`;
    const sequence = findings.object(path, each, [
      'id',
      'steps',
      'withinMs',
      'withinActions',
      'raiseTo',
      'reason',
    ]);
    if (sequence === undefined) continue;
    const { id, steps, raiseTo } = sequence;
    if (!isName(id)) findings.add('invalid-name', `${path}.id`, 'must be a name');
    else if (ids.has(id)) findings.add('duplicate-id', `${path}.id`, `\`${id}\` is used twice`);
    ids.add(id);
    checkSteps(findings, `${path}.steps`, steps, actions);
    const within = isWholeNumber(1, Number.MAX_SAFE_INTEGER);
    for (const name of ['withinMs', 'withinActions'] as const) {
      findings.optional(`${path}.${name}`, sequence[name], within, 'a whole number from 1 up');
    }
    checkRoom(findings, path, sequence);
    if (!isRiskLevel(raiseTo)) findings.add('wrong-type', `${path}.raiseTo`, `must be ${levels}`);
    else if (rank(raiseTo) === 0) {
      findings.add('no-effect', `${path}.raiseTo`, 'raises nothing: no risk is below `low`');
    }
    findings.optional(`${path}.reason`, sequence['reason'], isText, 'a text');
  }
}

/** Each step is an action of its own. */
function checkRoom(
  findings: Findings,
  path: string,
  { steps, withinActions }: Readonly<Record<string, unknown>>,
): void {
  if (!Array.isArray(steps) || typeof withinActions !== 'number') return;
  if (withinActions >= steps.length) return;
  const message = `is less than the ${steps.length} steps: the sequence could never complete`;
  findings.add('no-effect', `${path}.withinActions`, message);
}

function checkSteps(
  findings: Findings,
  path: string,
  value: unknown,
  actions: readonly string[],
): void {
  const { sequenceStepsMax } = limits;
  if (!Array.isArray(value) || value.length < 2 || value.length > sequenceStepsMax) {
    const message = `must be a list of 2 to ${sequenceStepsMax} action names or patterns`;
    return findings.add('wrong-type', path, message);
  }
  for (const [position, step] of value.entries()) {
    const at = `${path}[${position}]`;
    if (!isGlob(step)) findings.add('invalid-pattern', at, 'must be an action name or pattern');
    else if (!actions.some(compileGlob(step))) {
      findings.add('unknown-action', at, `\`${step}\` matches no action that the policy declares`);
    }
  }
}
