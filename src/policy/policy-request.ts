/**
 * One request as people write it for tests and `explain`: only `action` is needed. It becomes what the kernel
 * evaluates; there is no evaluation here.
 */
import {
  type CompiledPolicy,
  compilePolicy,
  emptyHistory,
  evaluatePolicy,
  type EvaluationContext,
  guardrailsFor,
  type PolicyDocument,
  type PolicyVerdict,
  type SessionHistory,
} from '../kernel/index.ts';

export interface PolicyRequest {
  readonly action: string;
  readonly arguments?: unknown;
  /** The action's name where nothing is said. */
  readonly resource?: string;
  /** The action's name where nothing is said. */
  readonly tool?: string;
  readonly agent?: string;
  readonly principal?: string;
  readonly org?: string;
  /** What the session has done before. */
  readonly session?: {
    readonly id?: string;
    readonly allowed?: number;
    readonly denied?: number;
    readonly labels?: readonly string[];
    /** In points, before this action. */
    readonly riskScore?: number;
  };
  /** What guardrails found; all that are not named have passed. */
  readonly guardrails?: Readonly<Record<string, 'pass' | 'refuse' | 'error'>>;
}

type Subject = Parameters<typeof evaluatePolicy>[1];

const requestMembers: readonly string[] = [
  'action',
  'arguments',
  'resource',
  'tool',
  'agent',
  'principal',
  'org',
  'session',
  'guardrails',
];

const sessionMembers = ['id', 'allowed', 'denied', 'labels', 'riskScore'];

export function subjectOf(request: PolicyRequest): Subject {
  const { action } = request;
  return {
    action,
    arguments: request.arguments ?? {},
    resource: request.resource ?? action,
    tool: request.tool ?? action,
    agent: request.agent ?? 'agent',
    principal: request.principal ?? 'user:principal',
    org: request.org ?? 'org',
    session: request.session?.id ?? 'session',
  };
}

/** What the kernel answers. */
export function verdictOn(document: PolicyDocument, request: PolicyRequest): PolicyVerdict {
  const policy = compilePolicy(document);
  return evaluatePolicy(policy, subjectOf(request), contextOf(policy, request));
}

function contextOf(policy: CompiledPolicy, request: PolicyRequest): EvaluationContext {
  const facts = guardrailsFor(policy, subjectOf(request)).map(({ id, evaluator }) => {
    const outcome = request.guardrails?.[id] ?? 'pass';
    const reason = outcome === 'pass' ? '' : `guardrail \`${id}\` is given as \`${outcome}\``;
    return { guardrail: id, evaluator, outcome, reason, durationMs: 0 } as const;
  });
  return { history: historyOf(request), now: 0, facts };
}

export function historyOf({ session }: PolicyRequest): SessionHistory {
  const { allowed = 0, denied = 0, labels = [], riskScore = 0 } = session ?? {};
  const score = { milli: Math.round(riskScore * 1_000), at: 0 };
  return { ...emptyHistory, allowed, denied, labels: labels.toSorted(), score };
}

/** Something that a request may not have, or not so. */
export interface RequestProblem {
  readonly code: 'unknown-member' | 'case-invalid';
  readonly path: string;
  readonly message: string;
}

/** The request, or the first thing that is wrong with it. Nothing in it is ignored. */
export function readRequest(value: unknown): { readonly request: PolicyRequest } | RequestProblem {
  if (!isObject(value)) return invalid('', 'must be an object with an `action`');
  const unknownName = Object.keys(value).find((name) => !requestMembers.includes(name));
  if (unknownName !== undefined) return notKnown(unknownName, requestMembers);
  if (typeof value['action'] !== 'string') return invalid('action', 'must be a text');
  for (const name of ['resource', 'tool', 'agent', 'principal', 'org']) {
    const member = value[name];
    if (member !== undefined && typeof member !== 'string') {
      return invalid(name, 'must be a text');
    }
  }
  const problem = sessionProblem(value['session']) ?? guardrailProblem(value['guardrails']);
  return problem ?? { request: value as unknown as PolicyRequest };
}

function invalid(path: string, message: string): RequestProblem {
  return { code: 'case-invalid', path, message };
}

function notKnown(path: string, known: readonly string[]): RequestProblem {
  const message = `is not known; known are ${known.join(', ')}`;
  return { code: 'unknown-member', path, message };
}

function sessionProblem(session: unknown): RequestProblem | undefined {
  if (session === undefined) return undefined;
  if (!isObject(session)) return invalid('session', 'must be an object');
  for (const [name, value] of Object.entries(session)) {
    const path = `session.${name}`;
    if (!sessionMembers.includes(name)) return notKnown(path, sessionMembers);
    const fits =
      name === 'id'
        ? typeof value === 'string'
        : name === 'labels'
          ? Array.isArray(value) && value.every((label) => typeof label === 'string')
          : typeof value === 'number' && Number.isFinite(value) && value >= 0;
    if (!fits) return invalid(path, 'is of the wrong type');
  }
  return undefined;
}

function guardrailProblem(guardrails: unknown): RequestProblem | undefined {
  if (guardrails === undefined) return undefined;
  if (!isObject(guardrails)) return invalid('guardrails', 'must be an object');
  const wrong = Object.entries(guardrails).find(
    ([, outcome]) => !['pass', 'refuse', 'error'].includes(String(outcome)),
  );
  if (wrong === undefined) return undefined;
  return invalid(`guardrails.${wrong[0]}`, 'must be pass, refuse or error');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
