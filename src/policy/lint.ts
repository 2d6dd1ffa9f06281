/**
 * Lint: what only the whole document shows. A rule that could never have an effect is an error, because
 * whoever wrote it believes that it has one. Nothing is guessed: what is not certain is not reported.
 */
import {
  type MatchDocument,
  type PolicyDocument,
  type RiskLevel,
  riskLevels,
  type RuleDocument,
  tiersByStrictness,
} from '../kernel/index.ts';
import { canonicalJson } from '../log/index.ts';
import { constantParts } from './condition-reading.ts';
import { contradictions } from './contradictions.ts';
import { impossibleValues, type Reach } from './impossible-values.ts';
import { actionsNamed, subjectIncludes } from './pattern-inclusion.ts';
import { patternsMeet } from './pattern-meeting.ts';
import { type PolicyFinding, type PolicyFindingCode, withFix } from './policy-finding.ts';
import { UnmetResources } from './unmet-resources.ts';

/** Comparisons of rules and actions: beyond it lint says that it has not looked at everything. */
const workMax = 1_000_000;

interface Rule {
  readonly rule: RuleDocument;
  readonly path: string;
  readonly actions: readonly string[];
  /** The condition's canonical text, or undefined where there is none. */
  readonly condition: string | undefined;
}

/** Findings about a document that the kernel has checked. */
export function lintPolicy(document: PolicyDocument): readonly PolicyFinding[] {
  const lint = new Lint(document);
  lint.tiers();
  lint.rules();
  lint.checks();
  lint.sequences();
  lint.actions();
  return lint.findings;
}

class Lint {
  readonly findings: PolicyFinding[] = [];
  readonly #document: PolicyDocument;
  readonly #declared: readonly string[];
  readonly #rules: readonly Rule[];
  readonly #blocked: ReadonlySet<string>;
  readonly #denials = new Map<string, Rule[]>();
  readonly #unmet: UnmetResources;
  #work = 0;

  constructor(document: PolicyDocument) {
    this.#document = document;
    this.#unmet = new UnmetResources(document);
    this.#declared = Object.keys(document.actions);
    this.#blocked = new Set(actionsNamed(document.tiers?.blocked ?? [], this.#declared));
    this.#rules = (document.rules ?? []).map((rule, position) => ({
      rule,
      path: `rules[${position}]`,
      actions: actionsNamed(rule.match?.action, this.#declared),
      condition: rule.when === undefined ? undefined : textOf(rule.when),
    }));
    for (const each of this.#rules) {
      // In shadow mode a rule denies nothing.
      if (each.rule.effect !== 'deny' || each.rule.mode === 'shadow') continue;
      for (const action of each.actions) {
        const denials = this.#denials.get(action) ?? [];
        denials.push(each);
        this.#denials.set(action, denials);
        this.#work += 1;
      }
    }
  }

  /** A pattern all of whose actions are in a stricter tier changes nothing, nor does what bounds no tier. */
  tiers(): void {
    const { autoApproveWhen, tiers } = this.#document;
    if (autoApproveWhen !== undefined && tiers?.autoApprove === undefined) {
      // Whoever wrote it believes that what another tier allows is bounded.
      const message = 'bounds the tier `autoApprove`, which is not there';
      this.#add('no-effect', 'autoApproveWhen', message, 'error');
    }
    const stricter = new Map<string, string>();
    for (const tier of tiersByStrictness) {
      const patterns = this.#document.tiers?.[tier] ?? [];
      const named = patterns.map((pattern) => actionsNamed([pattern], this.#declared));
      for (const [position, actions] of named.entries()) {
        if (actions.length === 0 || !actions.every((action) => stricter.has(action))) continue;
        const above = [...new Set(actions.map((action) => stricter.get(action)))].join(', ');
        const message = `has no effect: its actions are in the stricter tier \`${above}\``;
        this.#add('tier-overridden', `tiers.${tier}[${position}]`, message, 'warning');
      }
      for (const action of named.flat()) if (!stricter.has(action)) stricter.set(action, tier);
    }
  }

  rules(): void {
    const seen = new Map<string, string>();
    for (const each of this.#rules) {
      this.#constants(each);
      const { id: _, reason: __, ...meaning } = each.rule;
      const text = textOf(meaning);
      const twin = seen.get(text);
      if (twin !== undefined) {
        const message = `says the same as rule \`${twin}\``;
        this.#add('duplicate-rule', each.path, message, 'warning');
      }
      seen.set(text, each.rule.id);
      if (this.#isSpent()) break;
      const { rule, path } = each;
      const isIdle = rule.effect !== 'deny' && this.#idle(each);
      // What is denied without an action named is for actions to come as well.
      const isWide = rule.effect === 'deny' && rule.match?.action === undefined;
      if (isIdle || (!isWide && this.#reportsUnmet(rule.match, path))) continue;
      if (rule.effect !== 'deny') this.#idleParts(each);
    }
    if (!this.#isSpent()) return;
    const message = 'are too many to be compared with each other; not all were';
    this.#add('lint-incomplete', 'rules', message, 'warning');
  }

  /** A check on resources that none of its actions has never runs. */
  checks(): void {
    const { guardrails = {}, risk, assets } = this.#document;
    const lists = {
      'guardrails.tool': guardrails.tool,
      'guardrails.output': guardrails.output,
      'risk.classifiers': risk?.classifiers,
      'assets.classifiers': assets?.classifiers,
    };
    for (const [name, list = []] of Object.entries(lists)) {
      for (const [position, { match }] of list.entries()) {
        if (match?.action !== undefined) this.#reportsUnmet(match, `${name}[${position}]`);
      }
    }
  }

  /** A sequence that only what is as risky already completes raises nothing. */
  sequences(): void {
    const { actions, risk } = this.#document;
    const rankOf = (level: RiskLevel = 'low'): number => riskLevels.indexOf(level);
    for (const [position, { steps, raiseTo }] of (risk?.sequences ?? []).entries()) {
      const last = actionsNamed(steps.at(-1), this.#declared);
      if (last.some((action) => rankOf(actions[action]?.risk) < rankOf(raiseTo))) continue;
      const message = `raises nothing: all that completes it is at least \`${raiseTo}\` by itself`;
      this.#add('no-effect', `risk.sequences[${position}].raiseTo`, message, 'error');
    }
  }

  actions(): void {
    const spoken = new Set(
      Object.values(this.#document.tiers ?? {}).flatMap((tier: readonly string[]) =>
        actionsNamed(tier, this.#declared),
      ),
    );
    for (const { rule, actions } of this.#rules) {
      const speaks = rule.effect !== 'deny' || rule.when === undefined;
      // In shadow mode a rule allows nothing either.
      if (speaks && rule.mode !== 'shadow') for (const action of actions) spoken.add(action);
    }
    for (const action of this.#declared) {
      if (spoken.has(action)) continue;
      const message = 'is always denied: no tier and no rule allows it, or says that it is denied';
      this.#add('never-allowed', `actions.${action}`, message, 'warning');
    }
  }

  #constants({ rule, path, actions }: Rule): void {
    if (rule.when === undefined) return;
    for (const part of constantParts(rule.when, `${path}.when`)) {
      const message = 'reads nothing of the request in one of its parts: it is always the same';
      this.#add('constant-condition', part, message, 'error');
    }
    for (const { path: part, message } of contradictions(rule.when, `${path}.when`)) {
      this.#add('constant-condition', part, message, 'error');
    }
    const isNamed = rule.match?.action !== undefined;
    const touch = isNamed ? this.#unmet.resourcesOf(actions) : undefined;
    const matched = this.#matchedBy(rule.match, actions);
    const about = { touch, matched };
    const impossible = impossibleValues(rule.when, `${path}.when`, this.#document, about);
    for (const { path: part, message, isPossibleStill } of impossible) {
      if (isPossibleStill) this.#add('label-unset', part, message, 'warning');
      else this.#add('impossible-value', part, message, 'error');
    }
  }

  /** What a match leaves of what its condition can read. */
  #matchedBy(match: MatchDocument = {}, actions: readonly string[]): ReadonlyMap<string, Reach> {
    const matched = new Map<string, Reach>();
    if (match.action !== undefined) {
      matched.set('action', (pattern) => {
        this.#work += 1;
        return actionsNamed(pattern, actions).length > 0;
      });
    }
    for (const member of ['resource', 'agent', 'principal'] as const) {
      const patterns = match[member];
      if (patterns === undefined) continue;
      matched.set(member, (pattern) =>
        [patterns].flat().some((each) => {
          this.#work += 1;
          return patternsMeet(each, pattern);
        }),
      );
    }
    return matched;
  }

  /** Reports a rule that cannot change any answer, by the first reason that is certain; whether it is one. */
  #idle(each: Rule): boolean {
    const { actions, path, rule } = each;
    if (actions.length === 0) return false;
    const found = this.findings.length;
    const covering = this.#coveringDenial(each);
    if (covering !== undefined) {
      const { code, by } = covering;
      const how = code === 'shadowed-by-deny' ? 'whatever it matches' : 'whenever it holds';
      const message = `has no effect: rule \`${by}\` denies ${how}`;
      this.#add(code, path, message, 'error');
    } else if (actions.every((action) => this.#isShut(action, each))) {
      const message = `can never have an effect: all that \`${rule.id}\` is about is denied`;
      this.#add('unreachable-rule', path, message, 'error');
    }
    return this.findings.length > found;
  }

  /**
   * Reports what a rule names in a list and a deny takes away whole, while the rest of the rule stands. A
   * pattern that takes in more than what is denied is not reported: that is how an exception is written.
   */
  #idleParts(each: Rule): void {
    const { rule, path } = each;
    for (const member of ['action', 'resource', 'agent', 'principal'] as const) {
      const patterns = rule.match?.[member] ?? [];
      if (typeof patterns === 'string' || patterns.length < 2) continue;
      for (const [position, pattern] of patterns.entries()) {
        if (this.#isSpent()) return;
        const actions = member === 'action' ? actionsNamed(pattern, this.#declared) : each.actions;
        const match = { ...rule.match, [member]: pattern };
        const by = this.#deniedBy({ ...each, rule: { ...rule, match }, actions });
        if (by === undefined) continue;
        const message = `has no effect: ${by} denies all that the rule is about by it`;
        this.#add('wider-than-deny', `${path}.match.${member}[${position}]`, message, 'warning');
      }
    }
  }

  /** What denies everything that a rule is about, where that is certain. */
  #deniedBy(part: Rule): string | undefined {
    if (part.actions.length === 0) return undefined;
    const covering = this.#coveringDenial(part);
    if (covering !== undefined) return `rule \`${covering.by}\``;
    if (!part.actions.every((action) => this.#isShut(action, part))) return undefined;
    return part.actions.every((action) => this.#blocked.has(action))
      ? 'the tier `blocked`'
      : 'what denies its actions';
  }

  #isSpent(): boolean {
    return this.#work + this.#unmet.work > workMax;
  }

  /** One denial that covers all actions of a rule: without a condition, or with the same one. */
  #coveringDenial({
    rule,
    actions,
    condition,
  }: Rule): { readonly code: PolicyFindingCode; readonly by: string } | undefined {
    const [first = ''] = actions;
    let same: string | undefined;
    for (const denial of this.#denials.get(first) ?? []) {
      const fits = denial.condition === undefined || denial.condition === condition;
      this.#work += 1;
      if (!fits || !subjectIncludes(denial.rule.match, rule.match)) continue;
      this.#work += denial.actions.length;
      const denied = new Set(denial.actions);
      if (!actions.every((action) => denied.has(action))) continue;
      if (denial.condition === undefined) return { code: 'shadowed-by-deny', by: denial.rule.id };
      same ??= denial.rule.id;
    }
    return same === undefined ? undefined : { code: 'contradicts-deny', by: same };
  }

  #isShut(action: string, { rule }: Rule): boolean {
    if (this.#blocked.has(action)) return true;
    return (this.#denials.get(action) ?? []).some((denial) => {
      this.#work += 1;
      return denial.condition === undefined && subjectIncludes(denial.rule.match, rule.match);
    });
  }

  /** Reports resources that a match names and none of its actions has; whether there are any. */
  #reportsUnmet(match: MatchDocument | undefined, path: string): boolean {
    const unmet = this.#unmet.in(match, `${path}.match`);
    for (const each of unmet) this.#add('unreachable-rule', each.path, each.message, 'error');
    return unmet.length > 0;
  }

  #add(
    code: PolicyFindingCode,
    path: string,
    message: string,
    severity: PolicyFinding['severity'],
  ): void {
    this.findings.push(withFix({ code, path, message, severity }));
  }
}

function textOf(value: unknown): string {
  return canonicalJson(value, { depthMax: 200, bytesMax: 8_388_608, membersMax: 1_000_000 });
}
