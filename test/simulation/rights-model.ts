/**
 * The auditor's model of rights, by the log alone: which keys are good, which agents may work, what a session
 * was given of another, and which changes take two. It shares no code with the kernel.
 */
import { isDeepStrictEqual } from 'node:util';
import { lineKeys, scopeKey } from './covering-latches.ts';
import { covered, type RawScope } from './naive-scope.ts';
import type { RawDelegation, RawEntry } from './raw-entry.ts';

interface KeyModel {
  readonly org: string;
  readonly principal: string;
  readonly endsAt: number;
  revoked: boolean;
}

interface AgentModel {
  readonly capabilities: readonly RawScope[];
  status: string;
}

interface ProposalModel {
  /** Id of the API key that it was asked with. */
  readonly credential: string | undefined;
  readonly by: string;
  readonly endsAt: number;
  /** The command that was asked for, and what it was about, as the refusal beside it says. */
  readonly change: string;
  subject: string | undefined;
  readonly command: string;
  isOpen: boolean;
}

/** What only tells of what was done before; a principal whose key is gone still may. */
const reports = /^(permit-settled|permit-voided|usage-late|budget-frozen|budget-overrun)$/;

const agentMoves: Readonly<Record<string, readonly [from: readonly string[], to: string]>> = {
  suspend: [['enabled'], 'suspended'],
  reinstate: [['suspended'], 'enabled'],
  revoke: [['enabled', 'suspended'], 'revoked'],
};

export class RightsModel {
  readonly problems: string[] = [];
  readonly sessions = new Map<string, RawEntry>();
  /** How often each thing that the model looks at was met. */
  readonly met = new Map<string, number>();
  readonly #keys = new Map<string, KeyModel>();
  readonly #agents = new Map<string, AgentModel>();
  readonly #handoffs = new Map<string, RawEntry & { used: boolean }>();
  /** Index of the entry that engaged each kill switch last. */
  readonly #killedAt = new Map<string, number>();
  readonly #proposals = new Map<string, ProposalModel>();
  #fourEyes: readonly string[] = [];
  /** A change that takes two, and whose confirmation has not come yet. */
  #unconfirmed: RawEntry | undefined;

  /** `callArguments` are those of a decision, where they are known. */
  add(entry: RawEntry, callArguments?: unknown): void {
    const open = this.#unconfirmed;
    if (open !== undefined && open.command !== entry.command) this.end();
    this.#author(entry);
    this.#twoEyes(entry);
    this.#byType(entry, callArguments);
  }

  /** The log is over: what waited for a confirmation has none. */
  end(): void {
    if (this.#unconfirmed !== undefined) this.object(this.#unconfirmed, 'was made by one alone');
    this.#unconfirmed = undefined;
  }

  isRevoked(key: string | undefined): boolean {
    return key !== undefined && this.#keys.get(key)?.revoked !== false;
  }

  /** The sessions of a line as they were opened, the nearest first. */
  line(session: string | undefined): readonly RawEntry[] {
    const own = this.sessions.get(session ?? '');
    const ids = own === undefined ? [] : [own.data.session, ...(own.data.ancestors ?? [])];
    return ids.flatMap((id) => this.sessions.get(id) ?? []);
  }

  demand(holds: boolean, entry: RawEntry, problem: string): void {
    if (!holds) this.object(entry, problem);
  }

  object(entry: RawEntry, problem: string): void {
    this.problems.push(`entry ${entry.index} (${entry.type}) ${problem}`);
  }

  count(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  #author(entry: RawEntry): void {
    const { by, type, at } = entry;
    if (type === 'command-rejected') {
      for (const proposal of this.#proposals.values()) {
        if (proposal.command === entry.command) proposal.subject = entry.data.subject;
      }
      return this.count(entry.data.rejection.code);
    }
    if (reports.test(type)) return;
    this.demand(at < (by.expiresAt ?? Infinity), entry, 'is by somebody who is over');
    if (by.credential === undefined) return;
    this.count('by a key');
    const key = this.#keys.get(by.credential);
    if (key === undefined) return this.object(entry, 'is by a key that was never issued');
    this.demand(key.org === by.org && key.principal === by.id, entry, 'is by another’s key');
    this.demand(!key.revoked, entry, 'is by a revoked key');
    this.demand(at < key.endsAt, entry, 'is by a key that is over');
  }

  #byType(entry: RawEntry, callArguments: unknown): void {
    const { data, type, by } = entry;
    switch (type) {
      case 'key-issued': {
        const { id, org, principal } = data;
        const endsAt = 'expiresAt' in data ? data.expiresAt : Infinity;
        this.demand(!this.#keys.has(id), entry, 'issues a key twice');
        this.#keys.set(id, { org, principal, endsAt, revoked: false });
        return;
      }
      case 'key-revoked': {
        const key = this.#keys.get(data.key);
        if (key === undefined) return this.object(entry, 'revokes no key');
        key.revoked = true;
        return this.count(type);
      }
      case 'agent-registered': {
        const key = agentKey(data.org, data.name);
        const status = this.#agents.get(key)?.status ?? 'enabled';
        this.demand(status !== 'revoked', entry, 'registers a revoked name');
        this.#agents.set(key, { capabilities: data.capabilities, status });
        return;
      }
      case 'agent-transitioned':
        return this.#transition(entry);
      case 'handoff-issued':
        this.#handoffs.set(data.handoff ?? '', { ...entry, used: false });
        return;
      case 'session-opened':
        this.#open(entry);
        this.sessions.set(data.session, entry);
        return;
      case 'permit-started':
        return this.#works(entry, this.line(entry.session));
      case 'action-decided':
        if (data.outcome === 'allow') this.#allowed(entry, callArguments);
        else this.count(data.code);
        return;
      case 'change-proposed': {
        const earlier = this.#proposals.get(data.proposal);
        const stands = earlier !== undefined && !this.#isRevoked(earlier.credential);
        const isOpen = stands && earlier.isOpen && entry.at < earlier.endsAt;
        this.demand(!isOpen, entry, 'proposes what is proposed');
        const { change, expiresAt: endsAt } = data;
        const { credential } = by;
        const author = { by: `${by.org}/${by.id}`, credential };
        const asked = { ...author, endsAt, change, command: entry.command };
        this.#proposals.set(data.proposal, { ...asked, subject: undefined, isOpen: true });
        return;
      }
      case 'change-confirmed':
        return this.#confirmed(entry);
      case 'kill-engaged':
        this.#killedAt.set(scopeKey(data.scope), entry.index);
        return this.#overtaken(scopeKey(data.scope));
    }
  }

  #transition(entry: RawEntry): void {
    const { org, agent: name, transition } = entry.data;
    const agent = this.#agents.get(agentKey(org, name));
    const move = agentMoves[transition];
    if (agent === undefined || move === undefined) return this.object(entry, 'goes nowhere');
    this.demand(move[0].includes(agent.status), entry, `leaves ${agent.status}`);
    agent.status = move[1];
    this.count(`agent ${transition}`);
  }

  #open(entry: RawEntry): void {
    const { data, by } = entry;
    const [parentId, ...further] = data.ancestors ?? [];
    const line = this.line(parentId);
    this.#works(entry, [entry, ...line]);
    if (parentId === undefined) return;
    this.count('session below');
    const [parent] = line;
    this.demand(
      isDeepStrictEqual(further, parent?.data.ancestors ?? []),
      entry,
      'has another line',
    );
    this.demand(
      line.every(({ data: { agent } }) => agent !== data.agent),
      entry,
      'closes a circle',
    );
    for (const [distance, above] of line.entries()) {
      const depth = above.data.delegation?.depth ?? Infinity;
      this.demand(distance < depth, entry, 'is deeper than was delegated');
      this.demand(above.by.org === by.org, entry, 'works for another org');
    }
    if (data.handoff === undefined) {
      return this.demand(parent?.by.id === by.id, entry, 'works for another without a hand-off');
    }
    this.#takeUp(entry, data.handoff);
  }

  #takeUp(entry: RawEntry, token: string): void {
    const { data, by } = entry;
    const offer = this.#handoffs.get(token);
    if (offer === undefined) return this.object(entry, 'takes up no hand-off');
    this.demand(!offer.used, entry, 'takes up a hand-off again');
    offer.used = true;
    this.demand(entry.at < offer.data.expiresAt, entry, 'takes up a hand-off too late');
    const isKilled = lineKeys(this.line(offer.session)).some(
      (key) => (this.#killedAt.get(key) ?? -1) > offer.index,
    );
    this.demand(!isKilled, entry, 'takes up a hand-off from before a kill');
    this.demand(offer.data.agent === data.agent, entry, 'takes up another agent’s hand-off');
    this.demand((offer.data.principal ?? by.id) === by.id, entry, 'takes up another’s hand-off');
    this.demand(offer.session === data.ancestors?.[0], entry, 'takes up from another session');
    this.demand(
      isDeepStrictEqual(offer.data.delegation, data.delegation),
      entry,
      'has other terms',
    );
    const [own, slice] = [data.budget, offer.data.budget] as Readonly<Record<string, number>>[];
    for (const [unit, most] of Object.entries(slice ?? {})) {
      this.demand((own?.[unit] ?? Infinity) <= most, entry, `has more ${unit} than was offered`);
    }
    this.count('hand-off taken up');
  }

  /** Every agent of a line is enabled, and every delegation of it stands. */
  #works(entry: RawEntry, line: readonly RawEntry[]): void {
    for (const { by, data } of line) {
      const { status } = this.#agentOf(by.org, data.agent) ?? { status: 'unknown' };
      this.demand(status === 'enabled', entry, `works with agent ${data.agent}, ${status}`);
      const { expiresAt = Infinity }: RawDelegation = data.delegation ?? {};
      this.demand(entry.at < expiresAt, entry, 'works after its delegation');
    }
  }

  #allowed(entry: RawEntry, callArguments: unknown): void {
    const line = this.line(entry.session);
    this.#works(entry, line);
    if (line.length > 1) this.count('allowed below');
    for (const { by, data } of line) {
      const { capabilities = [] } = this.#agentOf(by.org, data.agent) ?? {};
      const isCapable = capabilities.some((scope) => covered(scope, entry.data, callArguments));
      this.demand(isCapable, entry, `is more than agent ${data.agent} can`);
      const given = covered(data.delegation ?? {}, entry.data, callArguments);
      this.demand(given, entry, `is more than session ${data.session} was given`);
    }
  }

  #agentOf(org: string, name: string): AgentModel | undefined {
    return this.#agents.get(agentKey('*', name)) ?? this.#agents.get(agentKey(org, name));
  }

  /** A change that the policy lets nobody make alone has its confirmation in its own command. */
  #twoEyes(entry: RawEntry): void {
    const subject = subjectOf(entry);
    if (subject !== undefined && this.#fourEyes.includes(subject)) this.#unconfirmed = entry;
    if (entry.type === 'policy-activated') this.#fourEyes = entry.data.document.fourEyes ?? [];
  }

  #isRevoked(credential: string | undefined): boolean {
    return credential !== undefined && this.#keys.get(credential)?.revoked !== false;
  }

  /** Whoever proposed the release of a kill switch before it was engaged anew has not heard why. */
  #overtaken(latch: string): void {
    for (const proposal of this.#proposals.values()) {
      if (proposal.change === 'release-kill' && proposal.subject === latch) proposal.isOpen = false;
    }
  }

  #confirmed(entry: RawEntry): void {
    const proposal = this.#proposals.get(entry.data.proposal);
    if (proposal === undefined) return this.object(entry, 'confirms no proposal');
    const { by } = entry;
    const [made, about] = this.#unconfirmed === undefined ? [] : changeOf(this.#unconfirmed);
    const isSame = made === proposal.change && about === (proposal.subject ?? about);
    this.demand(isSame, entry, `confirms ${proposal.change} of ${proposal.subject}`);
    this.demand(proposal.isOpen, entry, 'confirms a proposal again');
    const isVoid = this.#isRevoked(proposal.credential);
    this.demand(!isVoid, entry, 'confirms what a revoked key proposed');
    this.demand(entry.at < proposal.endsAt, entry, 'confirms a proposal that is over');
    this.demand(proposal.by !== `${by.org}/${by.id}`, entry, 'confirms its own proposal');
    proposal.isOpen = false;
    this.#unconfirmed = undefined;
    this.count('change confirmed');
  }
}

/** The command that an entry is the change of, and what it was about. */
function changeOf({ type, data }: RawEntry): readonly [command: string, subject: string] {
  if (type === 'policy-activated') return ['activate-policy', data.hash];
  if (type === 'kill-released') return ['release-kill', scopeKey(data.scope)];
  return [type === 'budget-set' ? 'set-budget' : 'close-budget', data.org];
}

function agentKey(org: string, name: string): string {
  return `${org}/${name}`;
}

/** What of the changes that may take two an entry is. */
function subjectOf({ type, data }: RawEntry): string | undefined {
  if (type === 'policy-activated') return 'activate-policy';
  if (type === 'kill-released') return 'release-kill';
  if (type === 'budget-closed') return 'raise-budget';
  if (type !== 'budget-set' || data.before === null) return undefined;
  const { before, plan } = data;
  const isSame = isDeepStrictEqual({ ...before, limit: 0 }, { ...plan, limit: 0 });
  return isSame && plan.limit <= before.limit ? undefined : 'raise-budget';
}
