/**
 * Checks what code has to answer: guardrails of the three stages, and classifiers. What runs, on which calls,
 * for how long. Which evaluators exist, the engine knows.
 */
import { limits } from '../limits.ts';
import { isName } from '../name.ts';
import { type Findings, isText, isWholeNumber } from './finding.ts';
import { isRiskLevel } from './risk.ts';

export type CheckMatch = (path: string, match: unknown, members: readonly string[]) => void;

type Members = Readonly<Record<string, unknown>>;

/** Where in a document such a list may stand, and what its elements are. */
interface Place {
  readonly path: string;
  /** The member that names the code. */
  readonly names: 'evaluator' | 'classifier';
  readonly effects: readonly string[];
  readonly match: readonly string[];
}

const everyMember = ['action', 'resource', 'agent', 'principal'];

const places: Readonly<Record<'input' | 'tool' | 'output' | 'risk' | 'assets', Place>> = {
  input: {
    path: 'guardrails.input',
    names: 'evaluator',
    effects: [],
    match: ['agent', 'principal'],
  },
  tool: {
    path: 'guardrails.tool',
    names: 'evaluator',
    effects: ['deny', 'require-approval', 'inform'],
    match: everyMember,
  },
  output: {
    path: 'guardrails.output',
    names: 'evaluator',
    effects: ['withhold', 'redact'],
    match: everyMember,
  },
  risk: { path: 'risk.classifiers', names: 'classifier', effects: [], match: everyMember },
  assets: { path: 'assets.classifiers', names: 'classifier', effects: [], match: everyMember },
};

export function checkEvaluators(
  findings: Findings,
  document: Members,
  checkMatch: CheckMatch,
): void {
  const check = new EvaluatorCheck(findings, checkMatch);
  const { guardrails, assets, risk } = document;
  if (guardrails !== undefined) {
    const stages = findings.object('guardrails', guardrails, ['input', 'tool', 'output']);
    if (stages !== undefined && Object.keys(stages).length === 0) {
      findings.add('no-effect', 'guardrails', 'is empty; leave it out');
    }
    for (const stage of ['input', 'tool', 'output'] as const) check.list(stages?.[stage], stage);
  }
  check.list(membersOf(risk)['classifiers'], 'risk');
  if (assets === undefined) return;
  const known = findings.object('assets', assets, ['classifiers', 'risk']);
  if (known === undefined) return;
  if (known['classifiers'] === undefined) {
    findings.add('no-effect', 'assets', 'has no `classifiers`: no resource would have a class');
  }
  check.list(known['classifiers'], 'assets');
  checkAssetRisk(findings, known['risk']);
}

/** A guardrail that only informs is read by some condition, and conditions read no others. */
export function checkInformed(findings: Findings, document: Members): void {
  const { tool } = membersOf(document['guardrails']);
  const informing = new Map<unknown, string>();
  for (const [position, each] of listOf(tool).entries()) {
    const { id, effect } = membersOf(each);
    if (effect === 'inform') informing.set(id, `guardrails.tool[${position}]`);
  }
  const read = new Set<unknown>();
  for (const [position, rule] of listOf(document['rules']).entries()) {
    for (const id of guardrailsRead(membersOf(rule)['when'])) {
      read.add(id);
      if (informing.has(id)) continue;
      const message = `reads \`guardrails.${id}\`, and no tool guardrail of that id only informs`;
      findings.add('condition-unknown-name', `rules[${position}].when`, message);
    }
  }
  for (const [id, path] of informing) {
    if (read.has(id)) continue;
    findings.add(
      'no-effect',
      path,
      `only informs, and no condition reads \`guardrails.${String(id)}\``,
    );
  }
}

/** Ids in paths of leaves and expressions, and in `guardrails["id"]`. */
function guardrailsRead(condition: unknown): readonly string[] {
  if (typeof condition !== 'object' || condition === null) return [];
  if (Array.isArray(condition)) return condition.flatMap(guardrailsRead);
  const { path, of, at } = membersOf(condition);
  const [root, id] = typeof path === 'string' ? path.split('.') : listOf(path);
  if (root === 'guardrails' && typeof id === 'string') return [id];
  const [indexed] = listOf(membersOf(of)['path']);
  const { value } = membersOf(at);
  if (indexed === 'guardrails' && typeof value === 'string') return [value];
  return Object.values(condition).flatMap(guardrailsRead);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function checkAssetRisk(findings: Findings, value: unknown): void {
  if (value === undefined) return;
  const names = Object.keys(membersOf(value));
  const levels = findings.object('assets.risk', value, names);
  if (levels === undefined) return;
  if (names.length === 0) findings.add('no-effect', 'assets.risk', 'is empty; leave it out');
  if (names.length > limits.assetClassesMax) {
    findings.add('too-many', 'assets.risk', `has more than ${limits.assetClassesMax} classes`);
  }
  for (const name of names) {
    const path = `assets.risk.${name}`;
    if (!isName(name)) findings.add('invalid-name', path, 'is not a valid name of a class');
    findings.optional(path, levels[name], isRiskLevel, 'low, medium, high or critical');
  }
}

class EvaluatorCheck {
  readonly #findings: Findings;
  readonly #checkMatch: CheckMatch;
  /** Facts are found by id, so that no two of all the lists may share one. */
  readonly #ids = new Set<unknown>();
  #count = 0;

  constructor(findings: Findings, checkMatch: CheckMatch) {
    this.#findings = findings;
    this.#checkMatch = checkMatch;
  }

  list(value: unknown, at: keyof typeof places): void {
    if (value === undefined) return;
    const place = places[at];
    const { path } = place;
    if (!Array.isArray(value)) return this.#findings.add('wrong-type', path, 'must be a list');
    if (value.length === 0) {
      this.#findings.add('empty-list', path, 'is empty: it has no effect; leave it out');
    }
    this.#count += value.length;
    if (this.#count > limits.guardrailsMax) {
      const message = `makes more than ${limits.guardrailsMax} guardrails and classifiers`;
      return this.#findings.add('too-many', path, message);
    }
    for (const [position, each] of value.entries()) this.#one(`${path}[${position}]`, each, place);
  }

  #one(path: string, value: unknown, { names, effects, match }: Place): void {
    const findings = this.#findings;
    const known = ['id', names, 'config', 'match', 'timeoutMs'];
    if (names === 'evaluator') known.push('reason');
    if (effects.length > 0) known.push('effect');
    const call = findings.object(path, value, known);
    if (call === undefined) return;
    const { id, effect } = call;
    if (!isName(id)) findings.add('invalid-name', `${path}.id`, 'must be a name');
    else if (this.#ids.has(id)) {
      findings.add('duplicate-id', `${path}.id`, `\`${id}\` is used twice`);
    }
    this.#ids.add(id);
    if (!isName(call[names])) {
      const article = names === 'evaluator' ? 'an' : 'a';
      findings.add('invalid-name', `${path}.${names}`, `must be the name of ${article} ${names}`);
    }
    this.#checkMatch(`${path}.match`, call['match'], match);
    // Made a text, a list of one would pass, and mean nothing to whoever compares.
    const isEffect = (one: unknown): boolean => (effects as readonly unknown[]).includes(one);
    if (effects.length > 0) {
      findings.optional(`${path}.effect`, effect, isEffect, effects.join(', '));
    }
    const timeouts = isWholeNumber(1, limits.evaluatorTimeoutMsMax);
    const wanted = `a whole number from 1 to ${limits.evaluatorTimeoutMsMax}`;
    findings.optional(`${path}.timeoutMs`, call['timeoutMs'], timeouts, wanted);
    findings.optional(`${path}.reason`, call['reason'], isText, 'a text');
  }
}

export function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** All guardrails and classifiers as written, wherever they stand: what they match costs something too. */
export function evaluatorsWritten(document: Members): readonly unknown[] {
  const { input, tool, output } = membersOf(document['guardrails']);
  const lists = [
    input,
    tool,
    output,
    membersOf(document['risk'])['classifiers'],
    membersOf(document['assets'])['classifiers'],
  ];
  return lists.flatMap(listOf);
}
