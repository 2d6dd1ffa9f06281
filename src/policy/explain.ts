/**
 * Why a request is decided as it is: which rules matched and what they read, what determined the outcome,
 * and which single change of the request would alter it. All answers are the kernel's.
 */
import {
  assess,
  compilePolicy,
  type ConditionSubject,
  type PolicyDocument,
  type PolicyVerdict,
  type RuleDocument,
} from '../kernel/index.ts';
import { assertPolicy } from './checked-policy.ts';
import { readingsOf } from './condition-reading.ts';
import {
  assertRequest,
  contextOf,
  type PolicyRequest,
  subjectOf,
  verdictOn,
} from './policy-request.ts';
import { absent, candidatesFor, changed, rulesAbout, valueAt } from './request-change.ts';

export type ShownVerdict = Pick<
  PolicyVerdict,
  'effect' | 'code' | 'message' | 'determinedBy' | 'risk'
>;

/** What a condition read: `missing` where the request has no such member. */
export interface ReadValue {
  readonly path: string;
  readonly value?: unknown;
  readonly missing?: true;
}

export interface ExplainedRule {
  readonly id: string;
  readonly effect: RuleDocument['effect'];
  /** `no-match`: its `match` does not fit. `error`: its condition could not be evaluated. */
  readonly outcome: 'no-match' | 'false' | 'true' | 'error';
  readonly error?: string;
  readonly shadow: boolean;
  readonly determined: boolean;
  readonly values: readonly ReadValue[];
}

/** One change that alters the outcome; a value that is `missing` is not there. */
export interface ExplainedChange {
  readonly path: string;
  readonly from: Omit<ReadValue, 'path'>;
  readonly to: Omit<ReadValue, 'path'>;
  readonly verdict: ShownVerdict;
}

export interface PolicyExplanation {
  readonly request: PolicyRequest;
  readonly verdict: ShownVerdict;
  readonly tiers: readonly string[];
  /** Rules about the action, in the order of the document. */
  readonly rules: readonly ExplainedRule[];
  readonly changes: readonly ExplainedChange[];
  /** Whether some changes were left untried because there are too many. */
  readonly changesCut: boolean;
}

const triesMax = 2_000;

export function explainPolicy(document: PolicyDocument, request: PolicyRequest): PolicyExplanation {
  assertPolicy(document);
  assertRequest(request, document);
  const verdict = verdictOn(document, request);
  const { tiers = [] } = compilePolicy(document).actions.get(request.action) ?? {};
  const { changes, cut } = changesOf(document, request, verdict);
  return {
    request,
    verdict: shownVerdict(verdict),
    tiers,
    rules: rulesOf(document, request, verdict),
    changes,
    changesCut: cut,
  };
}

export function shownVerdict(verdict: PolicyVerdict): ShownVerdict {
  const { effect, code, message, determinedBy, risk } = verdict;
  return { effect, code, message, determinedBy, risk };
}

function rulesOf(
  document: PolicyDocument,
  request: PolicyRequest,
  verdict: PolicyVerdict,
): readonly ExplainedRule[] {
  const policy = compilePolicy(document);
  const action = policy.actions.get(request.action);
  if (action === undefined) return [];
  const places = action.rules.flatMap((group) =>
    group.rules.map((rule, number) => [rule.id, { ...group, number }] as const),
  );
  const byId = new Map(places);
  const { subject } = assess(policy, action, subjectOf(request), contextOf(policy, request));
  return rulesAbout(document, request.action).map(({ id, effect, when, mode }) => {
    const place = byId.get(id);
    const determined = verdict.determinedBy.includes(`rule:${id}`);
    const shown = { id, effect, shadow: mode === 'shadow', determined };
    if (place === undefined || !place.matches(subject)) {
      return { ...shown, outcome: 'no-match', values: [] };
    }
    const paths = [...new Set(readingsOf(when).map(({ path }) => path))];
    const values = paths.map((path) => ({ path, ...shownValue(readValue(subject, path)) }));
    const truth = place.conditions?.truth(place.number, subject) ?? true;
    if (typeof truth === 'boolean') return { ...shown, outcome: truth ? 'true' : 'false', values };
    return { ...shown, outcome: 'error', error: truth.error, values };
  });
}

/** In expressions `session` has members; among the conditions' paths it is the id alone. */
function readValue(subject: ConditionSubject, path: string): unknown {
  const { session, counters } = subject;
  if (!path.startsWith('session.')) return valueAt(subject, path);
  return valueAt({ session: { ...counters, id: session } }, path);
}

function shownValue(value: unknown): Omit<ReadValue, 'path'> {
  return value === absent ? { missing: true } : { value };
}

function changesOf(
  document: PolicyDocument,
  request: PolicyRequest,
  before: PolicyVerdict,
): { readonly changes: readonly ExplainedChange[]; readonly cut: boolean } {
  const subject = subjectOf(request);
  const seen = new Set<string>();
  const changes: ExplainedChange[] = [];
  let tries = 0;
  for (const [path, values] of candidatesFor(document, request.action)) {
    const from = path.startsWith('session.')
      ? valueAt({ session: { ...request.session } }, path)
      : valueAt(subject, path);
    for (const value of [...values, ...opposites(from)]) {
      const other = value === from ? undefined : changed(request, path, value);
      if (other === undefined) continue;
      if (tries === triesMax) return { changes, cut: true };
      tries += 1;
      const after = verdictOn(document, other);
      if (after.effect === before.effect && after.code === before.code) continue;
      // One example for each way out is enough.
      const key = JSON.stringify([path, after.effect, after.code, after.determinedBy]);
      if (seen.has(key)) continue;
      seen.add(key);
      const [was, is] = [shownValue(from), shownValue(value)];
      changes.push({ path, from: was, to: is, verdict: shownVerdict(after) });
    }
  }
  return { changes, cut: false };
}

/** The other truth value, or nothing in place of what is there. */
function opposites(value: unknown): readonly unknown[] {
  if (typeof value === 'boolean') return [!value];
  return value === absent ? [] : [absent];
}
