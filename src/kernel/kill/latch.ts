/**
 * Kill-switch scopes, and which of them cover a request.
 *
 * A latch is engaged once and stays engaged until released. It is looked up by key, so a request is covered
 * when any of its own keys is engaged: nothing is walked, nothing can be missed, and sessions or agents that
 * appear later are covered too.
 */
import { isModelName } from '../model/catalogue-document.ts';
import { everyOrg } from '../org.ts';
import { isName, isQualifiedName } from '../name.ts';

export type KillScope =
  | { readonly kind: 'system' }
  | { readonly kind: 'org'; readonly org: string }
  | { readonly kind: 'principal'; readonly org: string; readonly id: string }
  | { readonly kind: 'agent'; readonly org: string; readonly name: string }
  | { readonly kind: 'session'; readonly org: string; readonly id: string }
  | { readonly kind: 'action'; readonly org: string; readonly name: string }
  | { readonly kind: 'tool'; readonly org: string; readonly name: string }
  /** A budget plan, and every call that it counts; of the org `*`, a plan of the installation. */
  | { readonly kind: 'budget'; readonly org: string; readonly name: string }
  /** By the catalogue's id; of the org `*`, for every org. */
  | { readonly kind: 'model'; readonly org: string; readonly name: string };

/** A latch as it stands. */
export interface LatchRecord {
  readonly scope: string;
  readonly engaged: boolean;
  /** Released on probation: an approver decides whatever it covers and the policy would allow. */
  readonly supervised?: true;
  /** Index of the entry that engaged it last. What was decided before that index is void in this scope. */
  readonly engagedIndex: number;
  readonly changedAt: number;
  readonly by: string;
}

/** What a request must state for its latches to be found. */
export interface KillSubject {
  readonly org: string;
  readonly principal: string;
  readonly agent: string;
  readonly session: string;
  /** Sessions on whose behalf it works. */
  readonly ancestors?: readonly string[];
  /** Who works above it. */
  readonly lineage?: { readonly agents: readonly string[]; readonly principals: readonly string[] };
  /** Names of the budget plans that count the call. */
  readonly plans?: readonly string[];
  readonly action?: string;
  readonly tool?: string;
  /** The catalogue's id of the model, of a model call. */
  readonly model?: string;
}

/** The latch key of a scope. Org and names cannot contain `|`, so that keys cannot collide. */
export function latchKey(scope: KillScope): string {
  switch (scope.kind) {
    case 'system':
      return 'system';
    case 'org':
      return `org|${scope.org}`;
    case 'principal':
    case 'session':
      return `${scope.kind}|${scope.org}|${scope.id}`;
    case 'agent':
    case 'action':
    case 'tool':
    case 'budget':
    case 'model':
      return `${scope.kind}|${scope.org}|${scope.name}`;
  }
}

/** Every latch key that covers a request, widest first. */
export function coveringLatchKeys(subject: KillSubject): readonly string[] {
  const keys = [
    'system',
    `org|${subject.org}`,
    `principal|${subject.org}|${subject.principal}`,
    `agent|${subject.org}|${subject.agent}`,
    `session|${subject.org}|${subject.session}`,
  ];
  for (const each of subject.ancestors ?? []) keys.push(`session|${subject.org}|${each}`);
  for (const each of subject.lineage?.agents ?? []) keys.push(`agent|${subject.org}|${each}`);
  for (const each of subject.lineage?.principals ?? []) {
    keys.push(`principal|${subject.org}|${each}`);
  }
  for (const plan of subject.plans ?? []) keys.push(`budget|${plan.replace('/', '|')}`);
  if (subject.action !== undefined) keys.push(`action|${subject.org}|${subject.action}`);
  if (subject.tool !== undefined) keys.push(`tool|${subject.org}|${subject.tool}`);
  if (subject.model !== undefined) {
    keys.push(`model|${everyOrg}|${subject.model}`, `model|${subject.org}|${subject.model}`);
  }
  return keys;
}

/**
 * Whether a value from outside is a well-formed scope, and has nothing beside: `{ kind: 'system', org }`
 * would stop every org.
 */
export function isKillScope(value: unknown): value is KillScope {
  if (typeof value !== 'object' || value === null) return false;
  const scope = value as Readonly<Record<string, unknown>>;
  const members = Object.keys(scope).length;
  switch (scope['kind']) {
    case 'system':
      return members === 1;
    case 'org':
      return members === 2 && isName(scope['org']);
    case 'principal':
    case 'session':
      return members === 3 && isName(scope['org']) && isQualifiedName(scope['id']);
    case 'agent':
    case 'action':
    case 'tool':
      return members === 3 && isName(scope['org']) && isName(scope['name']);
    case 'budget':
      return members === 3 && isOrg(scope['org']) && isName(scope['name']);
    case 'model':
      return members === 3 && isOrg(scope['org']) && isModelName(scope['name']);
    default:
      return false;
  }
}

function isOrg(value: unknown): boolean {
  return isName(value) || value === everyOrg;
}
