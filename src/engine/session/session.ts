/**
 * A session as its principal holds it: authorize calls, start, settle and void permits, and end it.
 *
 * Nothing is decided here. Arguments are read once into canonical text; the text is what is digested,
 * decided on, recorded and, as a frozen value, handed to the tool.
 */
import type { Principal } from '../../identity/principal.ts';
import {
  type Amounts,
  modelIdOf,
  type SessionMode,
  type SessionRecord,
  type SessionTransition,
} from '../../kernel/index.ts';
import { type DigestKey, digestKey, frozenFromCanonical, keyedDigest } from '../../log/index.ts';
import type { CommandBody } from '../core/command-body.ts';
import type { Core } from '../core/core.ts';
import { attended } from './attended.ts';
import {
  type AuthorizeRequest,
  checkRequest,
  checkSettlement,
  type ReadArguments,
  type Settlement,
} from './call.ts';
import { type Decision, decisionOf } from './decision.ts';
import { fault } from '../error.ts';
import { type HandoffOrder, offerHandoff } from './handoff.ts';
import { callFacts, inputFacts, isOutputJudged } from './guardrails.ts';
import { keptResult } from './kept-result.ts';
import { Fencing, type Lease, type LeaseRequest, takeLease } from './lease.ts';
import { judgedOutput } from './output-guardrails.ts';
import {
  checkedText,
  committed,
  readArguments,
  readContent,
  recordedText,
} from '../core/payload.ts';
import { Permit } from './permit.ts';
import { schemaFact } from '../tools/schema-fact.ts';
import { checkedAmounts, checkedKey, checkedModel, plainReport } from '../core/session-input.ts';
import { contentText, reading, storedRecord, storedTicket } from '../store/store-read.ts';
import { ticketDecided, ticketLapsed, type TicketWait } from '../tickets/ticket-wait.ts';
import type { BoundTool } from '../tools/tool.ts';

/** Where the log has what was done. */
export interface Recorded {
  /** Index of the first entry that records it; undefined where an earlier command's entries do. */
  readonly index: number | undefined;
}

/** What became of a settled permit's result. */
export interface Settled extends Recorded {
  /** What was posted, by unit. */
  readonly posted: Amounts;
  /** False where the policy's output guardrails withhold the result: it MUST NOT reach the agent. */
  readonly released: boolean;
  /**
   * As it may be passed on: where guardrails judged it, the frozen copy that they saw, or what they left of
   * it.
   */
  readonly result: unknown;
  /** In how many places something was taken out of it. */
  readonly redacted: number;
  /** Why it is withheld. */
  readonly message: string;
}

/** How what came into a session was judged. */
export interface Screening {
  readonly outcome: 'pass' | 'refuse';
  readonly message: string;
  /** Guardrails that refused, or did not answer. */
  readonly determinedBy: readonly string[];
}

/** A command about a permit, before the permit is known to be genuine. */
type PermitCommand = CommandBody extends infer B
  ? B extends { readonly kind: 'start-permit' | 'settle-permit' | 'void-permit' }
    ? Omit<B, 'permit'>
    : never
  : never;

export class Session {
  readonly id: string;
  readonly mode: SessionMode;
  readonly agent: string;
  readonly #core: Core;
  readonly #principal: Principal;
  readonly #secret: DigestKey;
  readonly #fencing = new Fencing();
  /** What `read` returned: text, value and digest that belong together. */
  readonly #reads = new WeakSet<ReadArguments>();

  constructor(core: Core, principal: Principal, record: SessionRecord, secret: string) {
    this.#core = core;
    this.#principal = principal;
    this.#secret = digestKey(secret);
    this.id = record.id;
    this.mode = record.mode;
    this.agent = record.agent;
  }

  /** Reads a call's arguments once. Throws `arguments-unrepresentable`. */
  read(value: unknown): ReadArguments {
    const { text, value: frozen } = readArguments(value);
    const digest = keyedDigest(this.#secret, 'arguments', text);
    const read = Object.freeze({ text, value: frozen, digest });
    this.#reads.add(read);
    return read;
  }

  /** Decides one call, durably. A denial is an answer; what throws is a refusal of the command or a fault. */
  async authorize(request: AuthorizeRequest): Promise<Decision> {
    checkRequest(request);
    const core = this.#core;
    const { tool, arguments: read } = request;
    if (!this.#reads.has(read)) {
      throw fault('input-invalid', 'the arguments are not what `read` of this session returned');
    }
    const schema = schemaFact(tool, read.value);
    const key = checkedKey(request.idempotencyKey);
    const by = core.referenceOf(this.#principal);
    const model = checkedModel(request.model);
    const asked = callFacts(core, { session: this, by }, tool, read, model?.name);
    const facts = asked === undefined ? undefined : await asked;
    const { record, answered } = await core.submit(
      by,
      {
        kind: 'authorize',
        session: this.id,
        tool: tool.record.name,
        definition: tool.record.definition,
        arguments: read.value,
        argumentsDigest: read.digest,
        estimate: request.estimate === undefined ? {} : checkedAmounts(request.estimate),
        start: request.start !== 'later',
        ...this.#fencing.member,
        ...(model === undefined ? {} : { model }),
        ...(schema === undefined ? {} : { schema }),
        ...(facts === undefined ? {} : { facts }),
        ...(key === undefined ? {} : { idempotencyKey: key }),
      },
      'decision',
      committed(core.options.ids, { arguments: read.text }),
    );
    const fresh = !answered.replayed && (record.permit === 'started' || record.permit === 'issued');
    const permit = fresh ? new Permit(core, record, core.watch(record)) : undefined;
    return decisionOf(record, permit, {
      replayed: answered.replayed,
      resolved: (ticket) => this.ticketDecided(ticket),
    });
  }

  /**
   * Holds what came into the session (a prompt, a mail, a page that a tool will read) against the policy's
   * input guardrails. Where the policy has any, no action is allowed before something passed, nor after
   * something was refused until something passes again.
   */
  async screenInput(content: unknown): Promise<Screening> {
    const core = this.#core;
    const by = core.referenceOf(this.#principal);
    const read = readContent(content);
    const facts = await inputFacts(core, { session: this, by }, read);
    const { record } = await core.submit(
      by,
      {
        kind: 'screen-input',
        session: this.id,
        ...(facts === undefined ? {} : { facts }),
      },
      'session',
      committed(core.options.ids, { input: recordedText(read) }),
    );
    const { input } = record.history;
    if (input === undefined) throw fault('internal-error', 'the screening is missing');
    const { effective: outcome, message, determinedBy } = input;
    return { outcome, message, determinedBy };
  }

  /** Starts a permit that was issued for later. What covers it is checked again. */
  async start(permit: Permit): Promise<Recorded> {
    const about = { kind: 'start-permit' as const, ...this.#fencing.member };
    const { index } = await this.#submitFor(permit, about);
    return { index };
  }

  /** Resolves a started permit by what really happened, and says whether its result may be passed on. */
  async settle(permit: Permit, settlement: Settlement): Promise<Settled> {
    checkSettlement(settlement);
    const { outcome, result, model } = settlement;
    const usage = settlement.usage === undefined ? 'reserved' : checkedAmounts(settlement.usage);
    const core = this.#core;
    this.#assertOwn(permit);
    const by = core.referenceOf(this.#principal);
    const read = readContent(result);
    const judged = await judgedOutput(core, { session: this, by }, permit, read);
    const facts = judged?.facts;
    const kept = judged?.left ?? read;
    const { record, index } = await this.#submitFor(
      permit,
      {
        kind: 'settle-permit',
        outcome,
        usage,
        ...(model === undefined ? {} : { model: plainReport(model) }),
        ...(facts === undefined ? {} : { facts }),
      },
      { result: 'result' in settlement ? recordedText(kept) : undefined },
    );
    const { output, posted } = record;
    if (output === undefined && facts === undefined) {
      return { posted, released: true, result, redacted: 0, message: '', index };
    }
    if (output?.effective !== 'pass') {
      const message = output?.message ?? 'its permit was resolved before the result was judged';
      return { posted, released: false, result: undefined, redacted: 0, message, index };
    }
    // In shadow mode nothing is taken out. Of a result that an earlier one stands for, nobody decided.
    const { redacted = 0 } = output;
    const released = redacted > 0 || index === undefined ? kept : read;
    const passed = 'text' in released ? frozenFromCanonical(released.text) : result;
    return { posted, released: true, result: passed, redacted, message: '', index };
  }

  /** Whether the policy has the result of a permitted call judged: it is not to be passed on before that. */
  isOutputJudged(permit: Permit): boolean {
    const core = this.#core;
    return isOutputJudged(core, { session: this, by: core.referenceOf(this.#principal) }, permit);
  }

  /**
   * What an earlier call of this session gave, by its decision, as it was passed on then: for a repetition
   * under the same idempotency key, also after a restart. Undefined where the call has not ended or nobody
   * knows how, where its result was withheld, was erased, or was too large to be kept.
   */
  async resultOf(decision: string): Promise<unknown> {
    const { storage } = this.#core.options;
    this.#core.readerOf(this.#principal);
    const record = await reading(storedRecord(storage, 'decision', decision));
    if (record?.session !== this.id) return undefined;
    return reading(keptResult(storage, record));
  }

  /** The price catalogue's id of a model; of one that is not listed, its name. */
  modelId(name: string): string {
    return modelIdOf(this.#core.options.replica.cache.peek('prices', 'active'), name);
  }

  /** Gives back a permit that was never started. */
  async void(permit: Permit): Promise<Recorded> {
    const { index } = await this.#submitFor(permit, { kind: 'void-permit' });
    return { index };
  }

  async #submitFor(
    permit: Permit,
    about: PermitCommand,
    texts: Readonly<Record<string, string | undefined>> = {},
  ) {
    const core = this.#core;
    this.#assertOwn(permit);
    const by = core.referenceOf(this.#principal);
    const body = { ...about, permit: permit.id };
    const payload = committed(core.options.ids, texts);
    const { record, answered } = await core.submit(by, body, 'decision', payload);
    Permit.became(permit, core, about.kind === 'start-permit' ? 'started' : 'resolved');
    return { record, index: answered.index };
  }

  /** Another session's permit is not this one's to resolve, even where the principal is the same. */
  #assertOwn(permit: Permit): void {
    if (!Permit.isGenuine(permit, this.#core) || permit.session !== this.id) {
      throw fault('permit-not-genuine');
    }
  }

  /**
   * Uses up a permit for exactly this call; for enforcement points. Throws `closed` once the control plane
   * closes: what cannot be recorded does not start.
   */
  take(permit: unknown, tool: BoundTool, read: ReadArguments): Permit {
    if (this.#core.isClosed) throw fault('closed');
    return Permit.take(permit, this.#core, {
      tool: tool.record.name,
      argumentsDigest: read.digest,
    });
  }

  /**
   * Does what a permit allows, and keeps the process alive meanwhile, as long as `signal` has not fired; for
   * enforcement points.
   */
  attend<R>(signal: AbortSignal, work: () => R | PromiseLike<R>): Promise<R> {
    return attended(this.#core, signal, work);
  }

  /** Waits until a ticket is decided; see `ControlPlane.ticketDecided`. */
  ticketDecided(ticket: string, wait: TicketWait = {}): Promise<'approved' | 'refused'> {
    return ticketDecided(this.#core, ticket, wait);
  }

  /** How a ticket ended that nobody decided; for enforcement points that waited for it. */
  ticketLapsed(ticket: string): Promise<'expired' | 'cancelled' | undefined> {
    return ticketLapsed(this.#core, ticket);
  }

  /** The arguments that an approver edited a call of this session to, read as `read` does. */
  async editedArguments(ticket: string): Promise<ReadArguments> {
    const core = this.#core;
    await core.follow();
    core.readerOf(this.#principal);
    const { storage } = core.options;
    // What was used up need not be in memory any more, and is asked for by whoever repeats the call.
    const { session, edited } = (await storedTicket(storage, ticket)) ?? {};
    if (session !== this.id || edited === undefined) {
      throw fault('input-invalid', 'no call of this session was edited in this ticket');
    }
    const text = await reading(contentText(storage, edited.index, 'arguments'));
    if (text === undefined) throw fault('input-invalid', 'the edited arguments were erased');
    return this.read(JSON.parse(text));
  }

  /**
   * Offers a part of what this session has to an agent that may work elsewhere, and gives the token with
   * which `openSession` takes it up: once, by whom it is for, and until it expires.
   */
  handOff(order: HandoffOrder): Promise<string> {
    return offerHandoff(this.#core, this.#principal, this.id, order);
  }

  /**
   * Takes the session's lease, as the worker that drives it; renewed until it is released or lost. While
   * anybody holds it, work starts only through the handle that took it. Throws `lease-held`.
   */
  lease(request: LeaseRequest): Promise<Lease> {
    const about = { principal: this.#principal, session: this.id, fencing: this.#fencing };
    return takeLease(this.#core, about, request);
  }

  activate(): Promise<SessionRecord> {
    return this.#transition('activate');
  }

  pause(reason?: string): Promise<SessionRecord> {
    return this.#transition('pause', reason);
  }

  resume(reason?: string): Promise<SessionRecord> {
    return this.#transition('resume', reason);
  }

  /** Ends the session well. Open permits can still be settled; nothing new starts. */
  complete(reason?: string): Promise<SessionRecord> {
    return this.#transition('complete', reason);
  }

  /** Ends the session at once: running work in this and other processes gets its signal. */
  abort(reason?: string): Promise<SessionRecord> {
    return this.#transition('abort', reason);
  }

  async #transition(transition: SessionTransition, reason?: string): Promise<SessionRecord> {
    const core = this.#core;
    const { record } = await core.submit(
      core.referenceOf(this.#principal),
      { kind: 'transition-session', session: this.id, transition },
      'session',
      committed(core.options.ids, { reason: checkedText('the reason', reason) }),
    );
    return record;
  }
}
