/**
 * Replay: the recorded decisions of a log, asked again of a policy.
 *
 * Every decision that reached the policy is evaluated on the session's history as it was at that moment,
 * with the arguments kept beside the log and the facts that were recorded. Under the policy that was active
 * then, the recorded verdict has to come out; under a candidate, what differs is a flip. Nothing is written
 * and no tool runs. Histories are the recorded ones: what a flip would have changed later is not guessed at.
 */
import {
  apply,
  compilePolicy,
  type Event,
  evaluatePolicy,
  type EvaluatorFact,
  type PolicyDocument,
} from '../kernel/index.ts';
import { canonicalJson } from '../log/index.ts';
import type { Storage } from '../storage/storage.ts';
import { type LogEvent, readEvents } from './feed.ts';
import { Fold } from './fold.ts';

export interface ReplayOptions {
  readonly log?: string;
  /** The policy to ask, checked; without one, that which was active at each decision. */
  readonly candidate?: PolicyDocument;
  /** Called for each decision whose answer differs, in the order of the log. */
  readonly onFlip?: (flip: PolicyFlip) => void;
}

type Effect = ReturnType<typeof evaluatePolicy>['effect'];

export interface PolicyFlip {
  readonly index: number;
  readonly decision: string;
  readonly session: string;
  readonly agent: string;
  readonly action: string;
  readonly resource: string;
  readonly before: Effect;
  readonly after: Effect;
  readonly determinedBy: readonly string[];
  readonly message: string;
}

export interface ReplayReport {
  /** Decisions that reached the policy, and so were asked again. */
  readonly replayed: number;
  /** Decisions settled before the policy was asked: session, kill switch, tool. */
  readonly notAsked: number;
  /** Decisions whose arguments were erased: they cannot be asked again. */
  readonly erased: number;
  readonly flips: number;
}

type Decided = Extract<Event, { readonly type: 'action-decided' }>;

export async function replayPolicy(
  storage: Storage,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  await storage.open(options.log ?? 'main');
  const fold = new Fold();
  const count = { replayed: 0, notAsked: 0, erased: 0, flips: 0 };
  for await (const logged of readEvents(storage)) {
    const event = eventOf(logged);
    if (event.type === 'action-decided') {
      const replayed = replay(fold, event, logged, options.candidate);
      if (replayed === 'not-asked') count.notAsked += 1;
      else if (replayed === 'erased') count.erased += 1;
      else {
        count.replayed += 1;
        if (replayed !== undefined) {
          count.flips += 1;
          options.onFlip?.(replayed);
        }
      }
    }
    for (const change of apply(fold, event, logged)) fold.put(change);
  }
  return count;
}

function eventOf({ type, session, data }: LogEvent): Event {
  return { type, data, ...(session === undefined ? {} : { session }) } as Event;
}

/** The flip, or undefined where the same comes out. */
function replay(
  fold: Fold,
  { data, session: id }: Decided,
  { index, at, contents }: LogEvent,
  candidate: PolicyDocument | undefined,
): PolicyFlip | 'not-asked' | 'erased' | undefined {
  const session = fold.get('session', id ?? '');
  const document = candidate ?? fold.get('policy', 'active')?.document;
  const before = data.policyEffect;
  if (before === 'none' || session === undefined || document === undefined) return 'not-asked';
  const text = contents['arguments'];
  if (text === undefined) return 'erased';
  const request = {
    arguments: JSON.parse(text) as unknown,
    resource: data.resource,
    action: data.action,
    tool: data.tool,
    agent: session.agent,
    principal: session.principal,
    org: session.org,
    session: session.id,
  };
  const facts: readonly EvaluatorFact[] = data.facts ?? [];
  const known = { history: session.history, now: at, facts };
  const verdict = evaluatePolicy(compilePolicy(document), request, known);
  const same = before === verdict.effect && (candidate !== undefined || isRecorded(data, verdict));
  if (same) return undefined;
  return {
    index,
    decision: data.decision,
    session: session.id,
    agent: session.agent,
    action: data.action,
    resource: data.resource,
    before,
    after: verdict.effect,
    determinedBy: verdict.determinedBy,
    message: verdict.message,
  };
}

/** Under the same policy everything that the verdict puts into the entry has to be there, to the byte. */
function isRecorded(data: Decided['data'], verdict: ReturnType<typeof evaluatePolicy>): boolean {
  const { determinedBy, risk, runTimeoutMs, shadow } = verdict;
  const recorded = [data.determinedBy, data.risk, data.runTimeoutMs, data.shadow ?? null];
  const again = [determinedBy, risk, runTimeoutMs, shadow ?? null];
  if (canonicalJson(recorded) !== canonicalJson(again)) return false;
  const settledHere = data.step === 'policy' && data.code !== 'steer-retries-exhausted';
  return !settledHere || (data.code === verdict.code && data.message === verdict.message);
}
