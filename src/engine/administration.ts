/** What administrators and approvers do: registry, policy, tickets, kill switch. Each names who does it. */
import { hash } from 'node:crypto';
import type { Principal } from '../identity/principal.ts';
import {
  type AgentTransition,
  type BudgetPlanDocument,
  compareText,
  everyOrg,
  isKillScope,
  isName,
  type KillScope,
  latchKey,
  latchStatus,
  limits,
  type PrincipalReference,
  type RecordsByKind,
  type SessionRecord,
  type SessionTransition,
} from '../kernel/index.ts';
import { canonicalJson, CanonicalJsonError } from '../log/index.ts';
import type { Core } from './core/core.ts';
import { assertList, assertMembers, assertOrg, assertTruth } from './known-members.ts';
import type { Replace } from './control-plane-options.ts';
import { fault } from './error.ts';
import { isKnownTarget } from './core/kill-target.ts';
import { checkedText, committed } from './core/payload.ts';
import { policyToActivate } from './policy-reading.ts';
import type { Recorded } from './session/session.ts';
import { checkedKey } from './core/session-input.ts';
import type { DeclaredTool } from '../policy/tool-declarations.ts';
import { reading } from './store/store-read.ts';
import { type AgentDeclaration, declaredAgent } from './access/declared-agent.ts';
import { bindTool, type BoundTool, type ToolDeclaration } from './tools/tool.ts';

export interface AgentOrder {
  readonly agent: string;
  /** Whose agent it is; `*` by default, for one that every org has. */
  readonly org?: string;
  readonly transition: AgentTransition;
  readonly by: Principal;
  /** Mandatory: whoever reads the log will ask. */
  readonly reason: string;
}

export interface SessionOrder {
  readonly session: string;
  readonly transition: SessionTransition;
  readonly by: Principal;
  readonly reason?: string;
  readonly idempotencyKey?: string;
}

export interface KillOrder {
  readonly scope: KillScope;
  readonly by: Principal;
  /** Mandatory: whoever reads the log will ask. */
  readonly reason: string;
  readonly idempotencyKey?: string;
}

export interface ReleaseOrder extends KillOrder {
  /**
   * Releases it on probation: an approver decides whatever it covers and the policy would allow, until it is
   * released once more without this.
   */
  readonly supervised?: boolean;
}

export interface KillsOrder extends Omit<KillOrder, 'scope' | 'idempotencyKey'> {
  readonly scopes: readonly KillScope[];
}

/** What became of each scope, in the order in which they were named. */
export interface KillsEngaged {
  readonly engaged: readonly KillScope[];
  /** With the reason as an error, most often a `ControlPlaneError`. */
  readonly failed: readonly { readonly scope: KillScope; readonly failure: unknown }[];
}

export interface HeartbeatOrder {
  readonly by: Principal;
  /** The principal's own by default. */
  readonly org?: string;
}

export interface BudgetOrder {
  /** Whose plan it is; `*` for a plan of the whole installation, which only the host may set. */
  readonly org: string;
  readonly plan: BudgetPlanDocument;
  readonly by: Principal;
  readonly reason?: string;
}

export interface BudgetClosing {
  readonly org: string;
  readonly id: string;
  readonly by: Principal;
  readonly reason?: string;
}

/** What is misspelt in an order may have been what bounds it: `supervised`, or whose agent it is. */
const known = {
  agent: ['agent', 'org', 'transition', 'by', 'reason'],
  session: ['session', 'transition', 'by', 'reason', 'idempotencyKey'],
  kill: ['scope', 'by', 'reason', 'idempotencyKey'],
  kills: ['scopes', 'by', 'reason'],
  release: ['scope', 'by', 'reason', 'idempotencyKey', 'supervised'],
  heartbeat: ['by', 'org'],
  budget: ['org', 'plan', 'by', 'reason'],
  closing: ['org', 'id', 'by', 'reason'],
} as const satisfies {
  readonly agent: readonly (keyof AgentOrder)[];
  readonly session: readonly (keyof SessionOrder)[];
  readonly kill: readonly (keyof KillOrder)[];
  readonly kills: readonly (keyof KillsOrder)[];
  readonly release: readonly (keyof ReleaseOrder)[];
  readonly heartbeat: readonly (keyof HeartbeatOrder)[];
  readonly budget: readonly (keyof BudgetOrder)[];
  readonly closing: readonly (keyof BudgetClosing)[];
};

/** Read once: the canonical text of plain data. */
function plainText(what: string, value: unknown, bytesMax: number): string {
  try {
    return canonicalJson(value, { depthMax: 64, bytesMax, membersMax: 1_000_000 });
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    throw fault('input-invalid', `${what} is not plain data: ${failure.message}`, failure);
  }
}

/** Read once: the scope that is checked is the one that is engaged or released, also where it changes. */
function readScope(scope: KillScope): KillScope {
  const read: unknown = JSON.parse(plainText('the scope', scope, 4_096));
  if (!isKillScope(read)) {
    const members = '`kind`, as that asks for `org` and `id` or `name`, and nothing beside';
    throw fault('input-invalid', `the scope is not a kill scope: it has ${members}`);
  }
  return read;
}

export class Administration {
  readonly #core: Core;
  /** Tools as they were registered here: the log has only their hashes. */
  readonly #bound = new Map<string, BoundTool>();

  constructor(core: Core) {
    this.#core = core;
  }

  async registerAgent(
    by: PrincipalReference,
    agent: string | AgentDeclaration,
  ): Promise<RecordsByKind['agent']> {
    const declaration = typeof agent === 'string' ? { name: agent } : agent;
    const { record } = await this.#core.submit(
      by,
      { kind: 'register-agent', agent: declaredAgent(by, declaration) },
      'agent',
    );
    return record;
  }

  async controlAgent(order: AgentOrder): Promise<RecordsByKind['agent']> {
    assertMembers('the options of a transition of an agent', order, known.agent);
    const { agent, org = everyOrg, transition, by, reason } = order;
    const { record } = await this.#core.submit(
      this.#core.referenceOf(by),
      { kind: 'control-agent', org, agent, transition },
      'agent',
      committed(this.#core.options.ids, { reason: checkedText('the reason', reason) }),
    );
    return record;
  }

  async registerTool(
    by: PrincipalReference,
    declaration: ToolDeclaration,
    replace: Replace,
  ): Promise<RecordsByKind['tool']> {
    const bound = bindTool(declaration);
    const { record: tool } = bound;
    const { record } = await this.#core.submit(
      by,
      { kind: 'register-tool', tool, replace },
      'tool',
      committed(this.#core.options.ids, { definition: bound.foreignText }),
    );
    this.#bound.set(tool.name, bound);
    return record;
  }

  /** Every tool that the log knows, with its schema where it was registered here as it is now. */
  #tools(): readonly DeclaredTool[] {
    return [...this.#core.options.replica.cache.live('tool')].map(
      ({ name, action, definition }) => {
        const bound = this.#bound.get(name);
        const inputSchema = bound?.record.definition === definition ? bound.inputSchema : undefined;
        return { name, action, ...(inputSchema === undefined ? {} : { inputSchema }) };
      },
    );
  }

  async activatePolicy(
    by: PrincipalReference,
    document: unknown,
  ): Promise<RecordsByKind['policy']> {
    const { evaluators } = this.#core.options;
    const read = policyToActivate(document, { evaluators, tools: this.#tools() });
    const { text, problem, explained } = read;
    const { record } = await this.#core
      .submit(
        by,
        {
          kind: 'activate-policy',
          document: read.document,
          hash: hash('sha256', text, 'hex'),
          ...(problem === undefined ? {} : { problem }),
        },
        'policy',
      )
      .catch((failure: unknown) => {
        throw explained(failure);
      });
    return record;
  }

  async activatePrices(
    by: PrincipalReference,
    catalogue: unknown,
  ): Promise<RecordsByKind['prices']> {
    const text = plainText('the price catalogue', catalogue, limits.catalogueBytesMax);
    const { record } = await this.#core.submit(
      by,
      {
        kind: 'activate-prices',
        document: JSON.parse(text),
        hash: hash('sha256', text, 'hex'),
      },
      'prices',
    );
    return record;
  }

  async setBudget(order: BudgetOrder): Promise<void> {
    assertMembers('the options of a budget plan’s order', order, known.budget);
    const { org, plan, by, reason } = order;
    await this.#core.submit(
      this.#core.referenceOf(by),
      {
        kind: 'set-budget',
        org,
        plan: JSON.parse(plainText('the budget plan', plan, limits.planBytesMax)),
      },
      'plans',
      committed(this.#core.options.ids, { reason: checkedText('the reason', reason) }),
    );
  }

  async closeBudget(order: BudgetClosing): Promise<void> {
    assertMembers('the options of closing a budget plan', order, known.closing);
    const { org, id, by, reason } = order;
    await this.#core.submit(
      this.#core.referenceOf(by),
      { kind: 'close-budget', org, plan: id },
      'plans',
      committed(this.#core.options.ids, { reason: checkedText('the reason', reason) }),
    );
  }

  async controlSession(order: SessionOrder): Promise<SessionRecord> {
    assertMembers('the options of a transition of a session', order, known.session);
    const { session, transition, by, reason, idempotencyKey } = order;
    const key = checkedKey(idempotencyKey);
    const { record } = await this.#core.submit(
      this.#core.referenceOf(by),
      {
        kind: 'transition-session',
        session,
        transition,
        ...(key === undefined ? {} : { idempotencyKey: key }),
      },
      'session',
      committed(this.#core.options.ids, { reason: checkedText('the reason', reason) }),
    );
    return record;
  }

  engageKill(order: KillOrder): Promise<RecordsByKind['latch']> {
    assertMembers('the options of a kill', order, known.kill);
    const { scope, by, reason, idempotencyKey } = order;
    const key = checkedKey(idempotencyKey);
    const text = checkedText('the reason', reason);
    return this.#core.engageKill(
      this.#core.referenceOf(by),
      {
        kind: 'engage-kill',
        scope: readScope(scope),
        ...(key === undefined ? {} : { idempotencyKey: key }),
      },
      text,
    );
  }

  /** One that fails keeps no other from being engaged. */
  async engageKills(order: KillsOrder): Promise<KillsEngaged> {
    assertMembers('the options of kills', order, known.kills);
    const { scopes, by, reason } = order;
    assertList('`scopes`', scopes);
    const outcomes = await Promise.allSettled(
      scopes.map(async (scope) => this.engageKill({ scope, by, reason })),
    );
    const engaged: KillScope[] = [];
    const failed: { readonly scope: KillScope; readonly failure: unknown }[] = [];
    for (const [position, scope] of scopes.entries()) {
      const outcome = outcomes[position];
      if (outcome?.status === 'fulfilled') engaged.push(scope);
      else failed.push({ scope, failure: outcome?.reason });
    }
    return { engaged, failed };
  }

  async releaseKill(order: ReleaseOrder): Promise<RecordsByKind['latch'] & Recorded> {
    assertMembers('the options of a release', order, known.release);
    const { scope, by, reason, idempotencyKey, supervised } = order;
    const key = checkedKey(idempotencyKey);
    assertTruth('supervised', supervised);
    const { record, answered } = await this.#core.submit(
      this.#core.referenceOf(by),
      {
        kind: 'release-kill',
        scope: readScope(scope),
        ...(supervised === true ? { supervised } : {}),
        ...(key === undefined ? {} : { idempotencyKey: key }),
      },
      'latch',
      committed(this.#core.options.ids, { reason: checkedText('the reason', reason) }),
    );
    return { ...record, index: answered.index };
  }

  /** An operator is there. Throws `heartbeat-unwanted` where the policy asks for none. */
  async heartbeat(order: HeartbeatOrder): Promise<void> {
    assertMembers('the options of a heartbeat', order, known.heartbeat);
    const { by, org } = order;
    const reference = this.#core.referenceOf(by);
    if (org !== undefined && !isName(org)) throw fault('input-invalid', 'the org is not a name');
    await this.#core.submit(
      reference,
      { kind: 'heartbeat', org: org ?? reference.org },
      'heartbeat',
    );
  }

  /** The latches that are engaged, or released on probation, and cover something of an org. */
  engaged(org: string): readonly RecordsByKind['latch'][] {
    assertOrg(org);
    const covers = (scope: string): boolean => {
      const [kind, of] = scope.split('|');
      return kind === 'system' || of === org || of === everyOrg;
    };
    return [...this.#core.options.replica.cache.live('latch')]
      .filter((latch) => latchStatus(latch) !== 'released' && covers(latch.scope))
      .toSorted((left, right) => left.engagedIndex - right.engagedIndex);
  }

  agents(org: string): readonly RecordsByKind['agent'][] {
    assertOrg(org);
    return [...this.#core.options.replica.cache.live('agent')]
      .filter((agent) => agent.org === org || agent.org === everyOrg)
      .toSorted((left, right) => compareText(left.name, right.name));
  }

  isEngaged(scope: KillScope): boolean {
    const { cache } = this.#core.options.replica;
    return cache.peek('latch', latchKey(readScope(scope)))?.engaged ?? false;
  }

  async isKnown(scope: KillScope): Promise<boolean> {
    const { replica, storage } = this.#core.options;
    return reading(isKnownTarget({ cache: replica.cache, storage }, readScope(scope)));
  }
}
