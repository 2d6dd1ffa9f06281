/**
 * What differs between two policies: what was added, removed and changed in the text, and requests that are
 * decided differently. The requests are made from the literals of both; that none is found proves nothing.
 */
import {
  compareText,
  isLiteral,
  type PolicyDocument,
  type TiersDocument,
} from '../kernel/index.ts';
import { canonicalJson } from '../log/index.ts';
import { assertPolicy } from './checked-policy.ts';
import { type ShownVerdict, shownVerdict } from './explain.ts';
import { type PolicyRequest, verdictOn } from './policy-request.ts';
import { candidatesFor, changed } from './request-change.ts';

export interface Changed {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface PolicyExample {
  readonly request: PolicyRequest;
  readonly before: ShownVerdict;
  readonly after: ShownVerdict;
}

export interface PolicyDifference {
  /** Whether the two say the same, but for `version`. */
  readonly same: boolean;
  readonly actions: Changed;
  readonly rules: Changed;
  /** Patterns, by tier, as `tier: pattern`. */
  readonly tiers: Changed;
  /** Other members of the document that differ. */
  readonly settings: readonly string[];
  readonly examples: readonly PolicyExample[];
  /** Whether not all requests that could be made were tried. */
  readonly examplesCut: boolean;
}

const triesMax = 20_000;
const triesPerActionMax = 1_000;
const examplesMax = 20;
const examplesPerActionMax = 4;

export function diffPolicies(before: PolicyDocument, after: PolicyDocument): PolicyDifference {
  assertPolicy(before);
  assertPolicy(after);
  const rulesById = ({ rules = [] }: PolicyDocument): Record<string, unknown> =>
    Object.fromEntries(rules.map((rule) => [rule.id, rule]));
  const actions = changedMembers(before.actions, after.actions);
  const rules = changedMembers(rulesById(before), rulesById(after));
  const tiers = changedMembers(tierMembers(before), tierMembers(after));
  const settings = changedSettings(before, after);
  const lists = [actions, rules, tiers].flatMap((each) => [
    ...each.added,
    ...each.removed,
    ...each.changed,
  ]);
  const same = lists.length === 0 && settings.length === 0;
  const found = same ? { examples: [], examplesCut: false } : findExamples(before, after);
  return { same, actions, rules, tiers, settings, ...found };
}

function changedMembers(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Changed {
  const names = Object.keys(after);
  const kept = Object.keys(before).filter((name) => Object.hasOwn(after, name));
  return {
    added: names.filter((name) => !Object.hasOwn(before, name)),
    removed: Object.keys(before).filter((name) => !Object.hasOwn(after, name)),
    changed: kept.filter((name) => textOf(before[name]) !== textOf(after[name])),
  };
}

function tierMembers({ tiers = {} }: PolicyDocument): Readonly<Record<string, true>> {
  const entries = Object.entries(tiers) as [keyof TiersDocument, readonly string[]][];
  const names = entries.flatMap(([tier, list]) => list.map((pattern) => `${tier}: ${pattern}`));
  return Object.fromEntries(names.map((name) => [name, true as const]));
}

function changedSettings(before: PolicyDocument, after: PolicyDocument): readonly string[] {
  const elsewhere = new Set(['version', 'actions', 'rules', 'tiers']);
  const { added, removed, changed: kept } = changedMembers({ ...before }, { ...after });
  return [...added, ...removed, ...kept]
    .filter((name) => !elsewhere.has(name))
    .toSorted(compareText);
}

function findExamples(
  before: PolicyDocument,
  after: PolicyDocument,
): { readonly examples: readonly PolicyExample[]; readonly examplesCut: boolean } {
  const examples: PolicyExample[] = [];
  const actions = new Set([...Object.keys(before.actions), ...Object.keys(after.actions)]);
  let tries = 0;
  let cut = false;
  for (const action of actions) {
    const seen = new Set<string>();
    let triesHere = 0;
    for (const request of requestsFor(before, after, action)) {
      if (seen.size >= examplesPerActionMax) break;
      if (tries >= triesMax || examples.length >= examplesMax) {
        return { examples, examplesCut: true };
      }
      if (triesHere >= triesPerActionMax) {
        cut = true;
        break;
      }
      tries += 1;
      triesHere += 1;
      const [was, is] = [verdictOn(before, request), verdictOn(after, request)];
      if (was.effect === is.effect && was.code === is.code) continue;
      const key = JSON.stringify(
        [was, is].map(({ effect, determinedBy }) => [effect, determinedBy]),
      );
      if (seen.has(key)) continue;
      seen.add(key);
      examples.push({ request, before: shownVerdict(was), after: shownVerdict(is) });
    }
  }
  return { examples, examplesCut: cut };
}

/** Requests for an action: every path filled, then one and two paths changed at a time. */
function* requestsFor(
  before: PolicyDocument,
  after: PolicyDocument,
  action: string,
): Generator<PolicyRequest> {
  const pool = new Map<string, unknown[]>();
  for (const document of [after, before]) {
    for (const [path, values] of candidatesFor(document, action)) {
      pool.set(path, [...new Set([...(pool.get(path) ?? []), ...values])]);
    }
  }
  const paths = [...pool];
  let base: PolicyRequest = { action };
  for (const [path, values] of paths) {
    const fitting = path === 'resource' ? values.find((value) => fits(value)) : values[0];
    base = changed(base, path, fitting) ?? base;
  }
  yield base;
  for (const [position, [path, values]] of paths.entries()) {
    for (const value of values) {
      const once = changed(base, path, value);
      if (once !== undefined) yield once;
    }
    for (const [otherPath, otherValues] of paths.slice(position + 1)) {
      for (const value of values) {
        const once = changed(base, path, value);
        if (once === undefined) continue;
        for (const other of otherValues) {
          const twice = changed(once, otherPath, other);
          if (twice !== undefined) yield twice;
        }
      }
    }
  }
}

function fits(value: unknown): boolean {
  return typeof value === 'string' && isLiteral(value);
}

function textOf(value: unknown): string {
  return canonicalJson(value, { depthMax: 200, bytesMax: 8_388_608, membersMax: 1_000_000 });
}
