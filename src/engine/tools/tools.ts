/**
 * The tools that the log knows, and their quarantine: for whoever puts tools of somebody else behind a
 * control plane, and for the operators who look at them.
 */
import type { Principal } from '../../identity/principal.ts';
import {
  compareText,
  credentialRefusal,
  type RecordKind,
  type RecordsByKind,
  type Rejection,
  type SessionRecord,
  sessionRefusal,
  type StateView,
  type ToolRecord,
  toolRefusal,
} from '../../kernel/index.ts';
import type { Core } from '../core/core.ts';
import { fault } from '../error.ts';
import { checkedText, committed } from '../core/payload.ts';
import { contentText, reading, storedSession } from '../store/store-read.ts';
import { bindTool, type ToolDeclaration } from './tool.ts';

export interface ToolApproval {
  readonly tool: string;
  /** Hash of the definition that was looked at, as the record has it. */
  readonly definition: string;
  readonly by: Principal;
  readonly reason?: string;
}

/** A definition as canonical JSON; undefined where it was erased, or was the host's own. */
export interface ToolDefinitions {
  /** What was approved or registered last. */
  readonly approved: string | undefined;
  /** What waits. */
  readonly waiting: string | undefined;
}

export class Tools {
  readonly #core: Core;
  readonly #host: Principal;

  /** Use `ControlPlane.tools`. */
  constructor(core: Core, host: Principal) {
    this.#core = core;
    this.#host = host;
  }

  list(): readonly ToolRecord[] {
    return [...this.#core.options.replica.cache.live('tool')].toSorted((left, right) =>
      compareText(left.name, right.name),
    );
  }

  get(name: string): ToolRecord | undefined {
    return this.#core.options.replica.cache.peek('tool', name);
  }

  /**
   * Records a definition that was met and that nobody vouches for. Nothing of the tool runs until it is
   * approved, unless it is what was approved before and nothing else was met since.
   */
  async quarantine(
    declaration: ToolDeclaration,
    { by = this.#host }: { readonly by?: Principal } = {},
  ): Promise<RecordsByKind['tool']> {
    const core = this.#core;
    const bound = bindTool(declaration);
    const { record } = await core.submit(
      core.referenceOf(by),
      { kind: 'quarantine-tool', tool: bound.record },
      'tool',
      committed(core.options.ids, { definition: bound.foreignText }),
    );
    return record;
  }

  /** Lets a tool out of quarantine. Throws `tool-changed` where it is not what was looked at any more. */
  async approve({ tool, definition, by, reason }: ToolApproval): Promise<RecordsByKind['tool']> {
    const core = this.#core;
    if (typeof definition !== 'string' || !/^[0-9a-f]{64}$/.test(definition)) {
      throw fault('input-invalid', '`definition` is the hash of the definition that was looked at');
    }
    const text = await this.#textOf(tool, definition);
    const { record } = await core.submit(
      core.referenceOf(by),
      { kind: 'approve-tool', tool, definition },
      'tool',
      committed(core.options.ids, { definition: text, reason: checkedText('the reason', reason) }),
    );
    return record;
  }

  async definitions(name: string): Promise<ToolDefinitions> {
    const { storage } = this.#core.options;
    const record = this.get(name);
    const waits = record?.quarantine;
    const textAt = (index: number | undefined) =>
      index === undefined
        ? Promise.resolve(undefined)
        : reading(contentText(storage, index, 'definition'));
    const approved = waits?.wasApproved === false ? undefined : record?.changedIndex;
    return { approved: await textAt(approved), waiting: await textAt(waits?.index) };
  }

  /** The text of a definition goes on with the entry that approves it. */
  async #textOf(name: string, definition: string): Promise<string | undefined> {
    const { approved, waiting } = await this.definitions(name);
    const waits = this.get(name)?.quarantine?.tool.definition === definition;
    return waits ? waiting : approved;
  }

  /**
   * Why no call of a tool can be allowed in a session as things are, or undefined: for lists that show an
   * agent only what it could use. What it leaves in may be refused all the same.
   */
  async refusal(session: string, tool: string): Promise<Rejection | undefined> {
    const known = this.get(tool);
    if (known === undefined) throw fault('input-invalid', 'no such tool');
    const { record, view } = await this.#line(session);
    return toolRefusal(view, record, known, this.#now);
  }

  /**
   * Why nothing at all may go on in a session as things are, or undefined: for what passes a gateway without
   * being a call, and stops with what is one.
   */
  async sessionRefusal(session: string): Promise<Rejection | undefined> {
    const { record, view } = await this.#line(session);
    return sessionRefusal(view, record, this.#now);
  }

  /** Why the credential that established a principal is no longer good, or undefined: for the same. */
  credentialRefusal(principal: Principal): Rejection | undefined {
    const by = this.#core.referenceOf(principal);
    const { cache } = this.#core.options.replica;
    return credentialRefusal(cache, { by, kind: 'authorize' }, this.#now);
  }

  /** Log time from which it is no longer good, unless it is revoked before; infinite where it has no end. */
  credentialEndsAt(principal: Principal): number {
    const { credential, expiresAt = Infinity } = this.#core.referenceOf(principal);
    const key = credential === undefined ? undefined : this.#view.get('key', credential);
    return Math.min(expiresAt, key?.expiresAt ?? Infinity);
  }

  get #now(): number {
    return this.#core.now;
  }

  get #view(): StateView {
    const { cache } = this.#core.options.replica;
    return { get: cache.peek.bind(cache) };
  }

  /**
   * A session, and a view of it and of those that it works on behalf of: in a process that has done nothing
   * in them yet, as after a restart, they are in the store alone.
   */
  async #line(id: string): Promise<{ readonly record: SessionRecord; readonly view: StateView }> {
    const record = await this.#session(id);
    if (record === undefined) throw fault('input-invalid', 'no such session');
    const line = new Map([[id, record]]);
    for (const each of record.ancestors ?? []) {
      const above = await this.#session(each);
      if (above !== undefined) line.set(each, above);
    }
    const { cache } = this.#core.options.replica;
    const get = <K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined => {
      const known = cache.peek(kind, key);
      if (known !== undefined || kind !== 'session') return known;
      return line.get(key) as RecordsByKind[K] | undefined;
    };
    return { record, view: { get } };
  }

  async #session(id: string): Promise<SessionRecord | undefined> {
    const { replica, storage } = this.#core.options;
    return replica.cache.peek('session', id) ?? (await storedSession(storage, id));
  }
}
