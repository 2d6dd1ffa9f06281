/**
 * One request as people write it for tests and `explain`: only `action` is needed. It becomes what the kernel
 * evaluates; there is no evaluation here.
 */
import {
  assess,
  type CompiledPolicy,
  compilePolicy,
  emptyHistory,
  type EvaluatorCall,
  type EvaluatorFact,
  evaluatePolicy,
  isName,
  isQualifiedName,
  isRiskLevel,
  modelResource,
  nameForm,
  qualifiedNameForm,
  resourceOf,
  riskLevels,
  type EvaluationContext,
  type PolicyCall,
  type PolicyDocument,
  type PolicyVerdict,
  type SessionHistory,
} from '../kernel/index.ts';

export interface PolicyRequest {
  readonly action: string;
  readonly arguments?: unknown;
  /** Of a model call `model/<id>`, otherwise the action's name, where nothing is said. */
  readonly resource?: string;
  /** The action's name where nothing is said. */
  readonly tool?: string;
  readonly agent?: string;
  readonly principal?: string;
  readonly org?: string;
  /** Of a model call: the model's id and tier in the price catalogue. */
  readonly model?: { readonly id: string; readonly tier?: string };
  readonly session?: RequestSession;
  /** What guardrails found; all that are not named have passed. */
  readonly guardrails?: Readonly<Record<string, 'pass' | 'refuse' | 'error'>>;
  /** What classifiers answered: a risk level, or classes. All that are not named say `low`, or no class. */
  readonly classifiers?: Readonly<Record<string, string | readonly string[]>>;
}

/** What the session has done before. */
export interface RequestSession {
  readonly id?: string;
  /** Actions that were allowed, oldest first: they count, gather risk, and are steps of sequences. */
  readonly before?: readonly (string | { readonly action: string; readonly agoMs: number })[];
  /** Allowed actions by name that came before those in `before`. */
  readonly counts?: Readonly<Record<string, number>>;
  /** All that were allowed, where it is more than `before` and `counts` say. */
  readonly allowed?: number;
  readonly denied?: number;
  readonly labels?: readonly string[];
  /** In points, before this action; what `before` gathers, where nothing is said. */
  readonly riskScore?: number;
  /** What became of what came in, where the policy has input guardrails; `pass` where nothing is said. */
  readonly input?: 'pass' | 'refuse' | 'none';
}

const requestMembers: readonly string[] = [
  'action',
  'arguments',
  'resource',
  'tool',
  'agent',
  'principal',
  'org',
  'model',
  'session',
  'guardrails',
  'classifiers',
];

export function subjectOf(request: PolicyRequest): PolicyCall {
  const { action, model } = request;
  const usual =
    model === undefined ? action : resourceOf({ resource: modelResource }, undefined, model.id);
  return {
    action,
    arguments: request.arguments ?? {},
    resource: request.resource ?? usual ?? '',
    tool: request.tool ?? action,
    agent: request.agent ?? 'agent',
    principal: request.principal ?? 'user:principal',
    org: request.org ?? 'org',
    session: request.session?.id ?? 'session',
    ...(model === undefined ? {} : { model: { tier: 'standard', ...model } }),
  };
}

/** What the kernel answers. */
export function verdictOn(document: PolicyDocument, request: PolicyRequest): PolicyVerdict {
  const policy = compilePolicy(document);
  return evaluatePolicy(policy, subjectOf(request), contextOf(policy, request));
}

export function contextOf(policy: CompiledPolicy, request: PolicyRequest): EvaluationContext {
  const calls = policy.actions.get(request.action)?.before ?? [];
  const facts = calls.map((call) => factOf(call, request));
  return { history: historyOf(policy, request), now: 0, facts };
}

function factOf({ id, evaluator, kind }: EvaluatorCall, request: PolicyRequest): EvaluatorFact {
  const fact = { guardrail: id, evaluator, durationMs: 0 };
  if (kind !== 'guardrail') {
    const given = ownMember(request.classifiers, id) ?? (kind === 'risk-classifier' ? 'low' : []);
    return { ...fact, outcome: 'answered', answer: [given].flat(), reason: 'given' };
  }
  const outcome = ownMember(request.guardrails, id) ?? 'pass';
  const reason = outcome === 'pass' ? '' : `guardrail \`${id}\` is given as \`${outcome}\``;
  return { ...fact, outcome, reason };
}

function historyOf(policy: CompiledPolicy, request: PolicyRequest): SessionHistory {
  const { session = {} } = request;
  const { before = [], counts: earlier = {} } = session;
  const counted = Object.values(earlier).reduce((sum, times) => sum + times, 0);
  // What is only counted came before: the steps of a sequence have none of it between them.
  const allowedBefore = Math.max(counted, (session.allowed ?? 0) - before.length);
  let history: SessionHistory = { ...emptyHistory, allowed: allowedBefore };
  for (const each of before) {
    const { action, agoMs } = typeof each === 'string' ? { action: each, agoMs: 0 } : each;
    history = withAction(policy, history, { ...request, action }, agoMs);
  }
  const counts = { ...history.counts };
  for (const [action, times] of Object.entries(earlier)) {
    counts[action] = (ownMember(counts, action) ?? 0) + times;
  }
  const { riskScore, labels = [], denied = 0, input = 'pass' } = session;
  const milli = riskScore === undefined ? undefined : Math.round(riskScore * 1_000);
  const screened = { effective: 'pass', determinedBy: [], message: '', under: policy.input.under };
  return {
    ...history,
    denied,
    counts,
    labels: labels.toSorted(),
    ...(milli === undefined ? {} : { score: { milli, at: 0 } }),
    ...(input === 'none' ? {} : { input: { ...screened, effective: input, outcome: input } }),
  };
}

/** By its exact name: an action or guardrail may be called `constructor`. */
function ownMember<T>(of: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return of !== undefined && Object.hasOwn(of, name) ? of[name] : undefined;
}

/** The history after one more allowed action, as the kernel keeps it. */
function withAction(
  policy: CompiledPolicy,
  history: SessionHistory,
  request: PolicyRequest,
  agoMs: number,
): SessionHistory {
  const { action: name } = request;
  const action = policy.actions.get(name);
  const counts = { ...history.counts, [name]: (ownMember(history.counts, name) ?? 0) + 1 };
  const counted = { ...history, allowed: history.allowed + 1, counts };
  if (action === undefined) return counted;
  const context = { history, now: -agoMs, facts: [] };
  const { score, runs } = assess(policy, action, subjectOf(request), context).assessment;
  return { ...counted, score, runs };
}

/** Who asks, by names that nobody else could have: a case about others would be about no call. */
const namesIn = [
  ['tool', isName, nameForm],
  ['agent', isName, nameForm],
  ['org', isName, nameForm],
  ['principal', isQualifiedName, qualifiedNameForm],
] as const;

/** Something that a request may not have, or not so. */
export interface RequestProblem {
  readonly code: 'unknown-member' | 'case-invalid';
  readonly path: string;
  readonly message: string;
}

/**
 * The request, or the first thing that is wrong with it. Nothing in it is ignored, where the policy is given
 * that it is for.
 */
export function readRequest(
  value: unknown,
  document?: PolicyDocument,
): { readonly request: PolicyRequest } | RequestProblem {
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
  if (value['action'] === '') return invalid('action', 'is empty: it has to be a name');
  const unnamed = namesIn.find(([name, isOne]) => value[name] !== undefined && !isOne(value[name]));
  if (unnamed !== undefined) return invalid(unnamed[0], `can be no name: ${unnamed[2]}`);
  const problem =
    modelProblem(value['model']) ??
    sessionProblem(value['session']) ??
    guardrailProblem(value['guardrails']) ??
    classifierProblem(value['classifiers']);
  if (problem !== undefined) return problem;
  const request = value as unknown as PolicyRequest;
  return (document && unaskedIn(document, request)) ?? { request };
}

/** Throws a `TypeError` for what is no request, or has what would be ignored. */
export function assertRequest(value: unknown, document: PolicyDocument): void {
  const read = readRequest(value, document);
  if ('request' in read) return;
  const place = read.path === '' ? 'the request' : `\`${read.path}\` of the request`;
  throw new TypeError(`${place} ${read.message}`);
}

/**
 * What is given of a guardrail or classifier that the policy does not ask, since it would change nothing, or
 * what no risk classifier answers, since it would deny.
 */
export function unaskedIn(
  document: PolicyDocument,
  { guardrails, classifiers, session }: PolicyRequest,
): RequestProblem | undefined {
  const { guardrails: stages, risk, assets } = document;
  if (session?.input !== undefined && stages?.input === undefined) {
    return invalid('session.input', 'is about no input guardrail that the policy has');
  }
  const asked = [
    ['guardrails', guardrails, stages?.tool ?? [], 'tool guardrail'],
    [
      'classifiers',
      classifiers,
      [...(risk?.classifiers ?? []), ...(assets?.classifiers ?? [])],
      'classifier',
    ],
  ] as const;
  for (const [member, given, known, kind] of asked) {
    const ids = new Set(known.map(({ id }) => id));
    const stray = Object.keys(given ?? {}).find((id) => !ids.has(id));
    if (stray === undefined) continue;
    return invalid(`${member}.${stray}`, `is about no ${kind} that the policy has`);
  }
  const wrong = (risk?.classifiers ?? []).find(({ id }) => {
    const given = ownMember(classifiers, id);
    return given !== undefined && !isRiskLevel(given);
  });
  if (wrong === undefined) return undefined;
  return invalid(`classifiers.${wrong.id}`, `must be a risk level: ${riskLevels.join(', ')}`);
}

function invalid(path: string, message: string): RequestProblem {
  return { code: 'case-invalid', path, message };
}

function notKnown(path: string, known: readonly string[]): RequestProblem {
  const message = `is not known; known are ${known.join(', ')}`;
  return { code: 'unknown-member', path, message };
}

function modelProblem(model: unknown): RequestProblem | undefined {
  if (model === undefined) return undefined;
  if (!isObject(model)) return invalid('model', 'must be an object with an `id`');
  const stray = Object.keys(model).find((name) => name !== 'id' && name !== 'tier');
  if (stray !== undefined) return notKnown(`model.${stray}`, ['id', 'tier']);
  const { id, tier = 'standard' } = model;
  if (!isText(id)) return invalid('model.id', 'must be a text');
  return isText(tier) ? undefined : invalid('model.tier', 'must be a text');
}

function sessionProblem(session: unknown): RequestProblem | undefined {
  if (session === undefined) return undefined;
  if (!isObject(session)) return invalid('session', 'must be an object');
  for (const [name, value] of Object.entries(session)) {
    const path = `session.${name}`;
    const [fits, wanted] = sessionTests.get(name) ?? [];
    if (fits === undefined) return notKnown(path, [...sessionTests.keys()]);
    if (!fits(value)) return invalid(path, `must be ${wanted}`);
  }
  const { before = [], counts = {}, allowed } = session as RequestSession;
  const known = before.length + Object.values(counts).reduce((sum, times) => sum + times, 0);
  if (allowed !== undefined && allowed < known) {
    return invalid('session.allowed', `is less than the ${known} of \`before\` and \`counts\``);
  }
  const ago = before.map((each) => agoMsOf(each));
  if (ago.every((each, position) => position === 0 || each <= (ago[position - 1] ?? 0))) {
    return undefined;
  }
  return invalid('session.before', 'must be oldest first; without `agoMs`, one was just now');
}

type Done = NonNullable<RequestSession['before']>[number];

function agoMsOf(done: Done): number {
  return typeof done === 'string' ? 0 : done.agoMs;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isAmount = (value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && isAmount(value);

/** Not of the value made a text: a list of one would pass. */
function isOneOf(texts: readonly unknown[]): (value: unknown) => boolean {
  return (value) => texts.includes(value);
}

/** What each member of `session` has to be. */
const sessionTests: ReadonlyMap<string, readonly [(value: unknown) => boolean, string]> = new Map<
  keyof RequestSession,
  readonly [(value: unknown) => boolean, string]
>([
  ['id', [isQualifiedName, 'the id of a session']],
  [
    'before',
    [
      (value) => Array.isArray(value) && value.every(isDone),
      'a list of actions, or of `{ action, agoMs }`',
    ],
  ],
  [
    'counts',
    [
      (value) => isObject(value) && Object.values(value).every(isCount),
      'an object of actions, each with how often it was allowed',
    ],
  ],
  ['allowed', [isCount, 'a whole number from 0 up']],
  ['denied', [isCount, 'a whole number from 0 up']],
  ['labels', [(value) => Array.isArray(value) && value.every(isText), 'a list of labels']],
  ['riskScore', [isAmount, 'a number from 0 up']],
  ['input', [isOneOf(['pass', 'refuse', 'none']), 'pass, refuse or none']],
]);

function isDone(value: unknown): boolean {
  if (isText(value)) return true;
  const known = isObject(value) && Object.keys(value).length === 2;
  return known && isText(value['action']) && isAmount(value['agoMs']);
}

function classifierProblem(classifiers: unknown): RequestProblem | undefined {
  if (classifiers === undefined) return undefined;
  if (!isObject(classifiers)) return invalid('classifiers', 'must be an object');
  const wrong = Object.entries(classifiers).find(
    ([, answer]) => !isText(answer) && !(Array.isArray(answer) && answer.every(isText)),
  );
  if (wrong === undefined) return undefined;
  return invalid(`classifiers.${wrong[0]}`, 'must be a risk level, or a list of classes');
}

function guardrailProblem(guardrails: unknown): RequestProblem | undefined {
  if (guardrails === undefined) return undefined;
  if (!isObject(guardrails)) return invalid('guardrails', 'must be an object');
  const isOutcome = isOneOf(['pass', 'refuse', 'error']);
  const wrong = Object.entries(guardrails).find(([, outcome]) => !isOutcome(outcome));
  if (wrong === undefined) return undefined;
  return invalid(`guardrails.${wrong[0]}`, 'must be pass, refuse or error');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
