/** Checks what a policy says of models: tiers, overrides, and what counts for models nobody listed. */
import { limits } from '../limits.ts';
import { isPriceText } from '../model/catalogue-document.ts';
import { isName } from '../name.ts';
import { tiersByStrictness } from './document.ts';
import type { Findings } from './finding.ts';
import { isGlob } from './glob.ts';
import {
  agentPatternText,
  isAgentPattern,
  isPrincipalPattern,
  principalPatternText,
} from './subject-pattern.ts';

export function checkModels(
  findings: Findings,
  value: unknown,
  checkAction: (path: string, pattern: string) => void,
): void {
  if (value === undefined) return;
  const models = findings.object('models', value, ['tiers', 'overrides', 'unknown']);
  if (models === undefined) return;
  if (Object.keys(models).length === 0) {
    findings.add('no-effect', 'models', 'is empty; leave it out');
  }
  checkTiers(findings, models['tiers'], checkAction);
  checkOverrides(findings, models['overrides']);
  checkUnknown(findings, models['unknown']);
}

interface PatternKind {
  readonly isPattern: (value: unknown) => boolean;
  readonly text: string;
}

const ofPrincipals = { isPattern: isPrincipalPattern, text: principalPatternText };

function patterns(
  findings: Findings,
  path: string,
  value: unknown,
  { isPattern, text }: PatternKind = { isPattern: isGlob, text: 'a pattern' },
): readonly string[] {
  findings.listOf(path, value, isPattern, text);
  if (!Array.isArray(value)) return [];
  if (value.length > limits.modelPatternsMax) {
    findings.add('too-many', path, `has more than ${limits.modelPatternsMax} patterns`);
  }
  return value.filter(isGlob);
}

function checkTiers(
  findings: Findings,
  value: unknown,
  checkAction: (path: string, pattern: string) => void,
): void {
  if (value === undefined) return;
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const tiers = findings.object('models.tiers', value, names);
  for (const name of tiers === undefined ? [] : names) {
    const path = `models.tiers.${name}`;
    if (!isName(name)) findings.add('invalid-name', path, 'is not a valid name of a tier');
    const known = ['agents', 'principals', 'actions', 'actionTiers'];
    const tier = findings.object(path, tiers?.[name], known);
    const { agents, principals } = tier ?? {};
    const agentPath = `${path}.agents`;
    patterns(findings, agentPath, agents, { isPattern: isAgentPattern, text: agentPatternText });
    patterns(findings, `${path}.principals`, principals, ofPrincipals);
    const actions = patterns(findings, `${path}.actions`, tier?.['actions']);
    for (const [position, each] of actions.entries()) {
      checkAction(`${path}.actions[${position}]`, each);
    }
    const isTier = (each: unknown): boolean =>
      (tiersByStrictness as readonly unknown[]).includes(each);
    findings.listOf(`${path}.actionTiers`, tier?.['actionTiers'], isTier, 'a tier of the policy');
  }
}

function checkOverrides(findings: Findings, value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value))
    return findings.add('wrong-type', 'models.overrides', 'must be a list');
  if (value.length === 0) findings.add('empty-list', 'models.overrides', 'is empty; leave it out');
  if (value.length > limits.modelPatternsMax) {
    return findings.add('too-many', 'models.overrides', `has more than ${limits.modelPatternsMax}`);
  }
  const ids = new Set<unknown>();
  for (const [position, each] of value.entries()) {
    const path = `models.overrides[${position}]`;
    const override = findings.object(path, each, ['id', 'principals', 'allow', 'deny']);
    if (override === undefined) continue;
    const { id, principals, allow, deny } = override;
    if (!isName(id)) findings.add('invalid-name', `${path}.id`, 'must be a name');
    else if (ids.has(id)) findings.add('duplicate-id', `${path}.id`, `\`${id}\` is used twice`);
    ids.add(id);
    if (principals === undefined) {
      findings.add('wrong-type', `${path}.principals`, 'must be a list of patterns');
    }
    patterns(findings, `${path}.principals`, principals, ofPrincipals);
    if (allow === undefined && deny === undefined) {
      findings.add('no-effect', path, 'neither allows nor denies a model');
    }
    patterns(findings, `${path}.allow`, allow);
    patterns(findings, `${path}.deny`, deny);
  }
}

const needed = ['input', 'output'];
const optional = ['cacheRead', 'cacheWrite', 'reasoning', 'request'];

function checkUnknown(findings: Findings, value: unknown): void {
  if (value === undefined) return;
  const unknown = findings.object('models.unknown', value, ['tier', 'price']);
  if (unknown === undefined) return;
  if (!isName(unknown['tier'])) {
    findings.add('invalid-name', 'models.unknown.tier', 'must be the name of a tier');
  }
  const path = 'models.unknown.price';
  const price = findings.object(path, unknown['price'], [...needed, ...optional]);
  for (const name of price === undefined ? [] : [...needed, ...optional]) {
    if (price?.[name] === undefined && optional.includes(name)) continue;
    if (isPriceText(price?.[name])) continue;
    const message = 'must be an exact decimal in quotes, such as `"2.50"`: USD per million tokens';
    findings.add('operand-invalid', `${path}.${name}`, message);
  }
}
