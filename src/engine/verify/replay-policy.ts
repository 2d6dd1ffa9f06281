/**
 * Replay: the recorded decisions of a log, made again.
 *
 * Without a candidate, each is made again as a whole, on the state as it was at that moment, with the
 * arguments kept beside the log and the facts that were recorded: the recorded entries have to come out, to
 * the byte. Under a candidate, each that reached the policy is asked of the candidate, and what differs is a
 * flip. Nothing is written and no tool runs. Histories are the recorded ones: what a flip would have changed
 * later is not guessed at.
 */
import {
  apply,
  checkPolicy,
  compilePolicy,
  type Event,
  evaluatePolicy,
  findingsText,
  type PolicyDocument,
  reject,
} from '../../kernel/index.ts';
import { canonicalJson } from '../../log/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { type LogEvent, readEvents } from '../store/feed.ts';
import { rejected } from '../error.ts';
import { assertMembers } from '../known-members.ts';
import { Fold } from './fold.ts';
import { differingMembers } from './reproduce.ts';

export interface ReplayOptions {
  readonly log?: string;
  /** The policy to ask, checked; without one, that which was active at each decision. */
  readonly candidate?: PolicyDocument;
  /** Called for each decision whose answer differs, in the order of the log. */
  readonly onFlip?: (flip: PolicyFlip) => void;
}

const optionsKnown = [
  'log',
  'candidate',
  'onFlip',
] as const satisfies readonly (keyof ReplayOptions)[];

type Effect = ReturnType<typeof evaluatePolicy>['effect'];

export interface PolicyFlip {
  readonly index: number;
  readonly decision: string;
  readonly session: string;
  readonly agent: string;
  readonly action: string;
  readonly resource: string;
  /** `none` where the policy was not asked. */
  readonly before: Effect | 'none';
  /** Without a candidate: as recorded; what came out otherwise is in `differs`. */
  readonly after: Effect | 'none';
  /** Without a candidate: members of the entries that came out otherwise. */
  readonly differs: readonly string[];
  readonly determinedBy: readonly string[];
  readonly message: string;
}

export interface ReplayReport {
  /** Decisions that were made again. */
  readonly replayed: number;
  /** With a candidate: decisions settled before the policy was asked: session, kill switch, tool. */
  readonly notAsked: number;
  /** Decisions whose arguments were erased: they cannot be made again. */
  readonly erased: number;
  readonly flips: number;
}

type Decided = Extract<Event, { readonly type: 'action-decided' }>;

export async function replayPolicy(
  storage: Storage,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  // A misspelt candidate would have no flips.
  assertMembers('the options of a replay', options, optionsKnown);
  const checked = options.candidate === undefined ? undefined : checkPolicy(options.candidate);
  if (checked !== undefined && 'findings' in checked) {
    throw rejected(reject('policy-invalid', findingsText(checked.findings)));
  }
  await storage.open(options.log ?? 'main');
  const replay = new Replay(options);
  // The entries of one command stand together, and come out together.
  let group: LogEvent[] = [];
  for await (const logged of readEvents(storage)) {
    if (group[0]?.command !== logged.command) {
      replay.command(group);
      group = [];
    }
    group.push(logged);
  }
  replay.command(group);
  return replay.report;
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #fold = new Fold();
  readonly #count = { replayed: 0, notAsked: 0, erased: 0, flips: 0 };

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  get report(): ReplayReport {
    return { ...this.#count };
  }

  command(entries: readonly LogEvent[]): void {
    const events = entries.map(eventOf);
    const [event] = events;
    if (event?.type === 'action-decided') this.#decision(event, entries);
    for (const [position, each] of events.entries()) {
      const place = entries[position];
      if (place === undefined) continue;
      for (const change of apply(this.#fold, each, place)) this.#fold.put(change);
    }
  }

  #decision(event: Decided, entries: readonly LogEvent[]): void {
    const { candidate, onFlip } = this.#options;
    const [first] = entries;
    if (first === undefined) return;
    if (candidate !== undefined && event.data.policyEffect === 'none') {
      this.#count.notAsked += 1;
      return;
    }
    const text = first.contents['arguments'];
    if (text === undefined) {
      this.#count.erased += 1;
      return;
    }
    this.#count.replayed += 1;
    const callArguments: unknown = JSON.parse(text);
    const flip =
      candidate === undefined
        ? this.#made(event, entries, callArguments)
        : this.#asked(event, first, callArguments, candidate);
    if (flip === undefined) return;
    this.#count.flips += 1;
    onFlip?.(flip);
  }

  /** What is otherwise when the decision is made again, whole. */
  #made(
    event: Decided,
    entries: readonly LogEvent[],
    callArguments: unknown,
  ): PolicyFlip | undefined {
    const differs = differingMembers(this.#fold, event, entries, callArguments);
    if (differs.length === 0) return undefined;
    const { policyEffect, determinedBy } = event.data;
    const message = `made again, ${differs.join(', ')} would differ`;
    const after = { effect: policyEffect, determinedBy, message };
    return this.#flip(event, entries[0]?.index ?? 0, after, differs);
  }

  /** What the candidate says, where it is something else. */
  #asked(
    event: Decided,
    { index, at }: LogEvent,
    callArguments: unknown,
    candidate: PolicyDocument,
  ): PolicyFlip | undefined {
    const { data } = event;
    const session = this.#fold.get('session', event.session ?? '');
    if (session === undefined) throw new Error(`assertion: decision ${index} has no session`);
    const request = {
      arguments: callArguments,
      resource: data.resource,
      action: data.action,
      tool: data.tool,
      agent: session.agent,
      principal: session.principal,
      org: session.org,
      session: session.id,
      ...(data.modelTerms === undefined ? {} : { model: data.modelTerms }),
    };
    const facts = this.#factsFor(candidate, data);
    const known = { history: session.history, now: at, facts };
    const verdict = evaluatePolicy(compilePolicy(candidate), request, known);
    return verdict.effect === data.policyEffect ? undefined : this.#flip(event, index, verdict, []);
  }

  /** What was found by whoever the candidate asks the same: another one has not looked at the call. */
  #factsFor(candidate: PolicyDocument, { action, facts = [] }: Decided['data']) {
    const active = this.#fold.get('policy', 'active')?.document;
    if (facts.length === 0 || active === undefined) return [];
    const [then, now] = [askedBy(active, action), askedBy(candidate, action)];
    return facts.filter(({ guardrail: id }) => then.get(id) === now.get(id));
  }

  #flip(
    { data, session: id = '' }: Decided,
    index: number,
    after: { readonly effect: Effect | 'none' } & Pick<PolicyFlip, 'determinedBy' | 'message'>,
    differs: readonly string[],
  ): PolicyFlip {
    const { determinedBy, message } = after;
    return {
      index,
      decision: data.decision,
      session: id,
      agent: this.#fold.get('session', id)?.agent ?? '',
      action: data.action,
      resource: data.resource,
      before: data.policyEffect,
      after: after.effect,
      differs,
      determinedBy,
      message,
    };
  }
}

/** What a policy asks of code about calls of an action, by id. */
function askedBy(document: PolicyDocument, action: string): ReadonlyMap<string, string> {
  const calls = compilePolicy(document).actions.get(action)?.before ?? [];
  return new Map(
    calls.map(({ id, kind, evaluator, config }) => {
      return [id, canonicalJson({ kind, evaluator, config: config ?? null })] as const;
    }),
  );
}

function eventOf({ type, session, data }: LogEvent): Event {
  return { type, data, ...(session === undefined ? {} : { session }) } as Event;
}
