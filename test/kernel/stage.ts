/**
 * A world with a cast: principals of two orgs, agents, tools, a policy; and a method for each
 * command.
 */
import type {
  AgentTransition,
  Amounts,
  Command,
  Handled,
  KillScope,
  PolicyDocument,
  PrincipalReference,
  SessionMode,
  SessionTransition,
} from '../../src/kernel/index.ts';
import { systemPrincipal } from '../../src/kernel/index.ts';
import { KernelWorld } from './kernel-world.ts';

type Of<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;
type Tool = Of<'register-tool'>['tool'];

function person(id: string, org: string, ...roles: readonly string[]): PrincipalReference {
  return { id, org, roles, via: 'host-assertion' };
}

export const cast = {
  ann: person('ann', 'acme', 'agent'),
  bob: person('bob', 'acme', 'agent'),
  /** An agent who may also approve: the one who could approve itself. */
  sam: person('sam', 'acme', 'agent', 'approver'),
  olga: person('olga', 'acme', 'operator'),
  pat: person('pat', 'acme', 'approver'),
  ada: person('ada', 'acme', 'admin', 'platform-admin'),
  vera: person('vera', 'acme', 'auditor'),
  /** Same id as ann, in another org. */
  otherAnn: person('ann', 'zeta', 'agent'),
  otherAda: person('ada', 'zeta', 'admin'),
  system: systemPrincipal,
} as const;

/** An agent of the whole installation. */
function agentOfAll(name: string, ...actions: readonly string[]) {
  return { org: '*', name, version: '1', capabilities: [{ actions }] };
}

export const agents = {
  bot: agentOfAll('bot', '**'),
  clerk: agentOfAll('clerk', 'file.*', 'pay.send'),
  retired: agentOfAll('retired', '**'),
} as const;

function tool(name: string, action: string, resource: string, more: Partial<Tool> = {}): Tool {
  const definition = `definition of ${name}`;
  return { name, action, resource, estimate: {}, hasSchema: false, definition, ...more };
}

export const tools = {
  read: tool('read', 'file.read', 'file/{name}'),
  pay: tool('pay', 'pay.send', 'account/{to}', { estimate: { usd: { argument: 'amount' } } }),
  mail: tool('mail', 'mail.send', 'mail'),
  wipe: tool('wipe', 'db.wipe', 'db'),
  restart: tool('restart', 'ops.restart', 'host/{host}', {
    estimate: { usd: { amount: 3_000_000 } },
  }),
  fetch: tool('fetch', 'web.get', 'web', { estimate: { tokens: { amount: 10 } } }),
  strict: tool('strict', 'file.read', 'file/strict', { hasSchema: true }),
  stray: tool('stray', 'no.such.action', 'nothing'),
} as const;

export function policyDocument(version = 1, more: Partial<PolicyDocument> = {}): PolicyDocument {
  return {
    format: 1,
    version,
    actions: {
      'file.read': { resource: 'file/*' },
      'pay.send': { risk: 'medium', runTimeoutMs: 60_000 },
      'mail.send': {},
      'db.wipe': { risk: 'critical' },
      'ops.restart': { risk: 'high' },
      'web.get': {},
    },
    tiers: {
      blocked: ['db.wipe'],
      steer: ['mail.send'],
      alwaysApprove: ['ops.*'],
      autoApprove: ['pay.send'],
      unrestricted: ['file.read', 'web.get'],
    },
    autoApproveWhen: { riskAtMost: 'medium' },
    rules: [
      {
        id: 'large-payments',
        effect: 'require-approval',
        match: { action: 'pay.send' },
        when: { path: 'arguments.amount', moreThan: '50' },
      },
      {
        id: 'no-secrets',
        effect: 'deny',
        match: { action: 'file.read', resource: 'file/secret*' },
      },
      {
        id: 'no-evil-hosts',
        effect: 'deny',
        match: { action: 'web.get' },
        when: { path: 'arguments.host', equals: 'evil' },
      },
    ],
    approvals: { timeoutMs: 100_000 },
    ...more,
  };
}

/** Stands for the keyed digest of canonical arguments. */
export function digestOf(callArguments: unknown): string {
  return `digest of ${JSON.stringify(callArguments)}`;
}

export interface Call {
  readonly session: string;
  readonly tool: keyof typeof tools | (string & {});
  readonly args?: unknown;
  readonly by?: PrincipalReference;
  readonly estimate?: Amounts;
  readonly start?: boolean;
  readonly key?: string;
  readonly definition?: string;
  readonly fence?: number;
}

export interface Opening {
  readonly by?: PrincipalReference;
  readonly agent?: string;
  readonly mode?: SessionMode;
  readonly budget?: Amounts;
  readonly activate?: boolean;
  readonly id?: string;
}

const usualPolicy = policyDocument();

/** Made once and copied, since most tests start from it. */
let readyStage: Stage | undefined;

export class Stage extends KernelWorld {
  /** With agents and tools registered and a policy active. */
  static ready(document: PolicyDocument = usualPolicy): Stage {
    const stage = new Stage();
    if (document === usualPolicy && readyStage !== undefined) {
      stage.continueFrom(readyStage);
      return stage;
    }
    for (const agent of Object.values(agents)) {
      stage.do({ kind: 'register-agent', by: cast.ada, agent });
    }
    stage.controlAgent('retired', 'suspend');
    for (const each of Object.values(tools)) {
      stage.do({ kind: 'register-tool', by: cast.ada, tool: each, replace: false });
    }
    stage.policy(document);
    if (document === usualPolicy) {
      readyStage = stage;
      return Stage.ready();
    }
    return stage;
  }

  /** Submits and says in a word what came of it: see `wordFor`. */
  do(command: WithoutId<Command>): string {
    return this.wordFor(this.submit({ ...command, id: this.nextId() }));
  }

  /** `done`, a rejection code, or for a decision its outcome, with the code where it denies. */
  wordFor({ answer }: Handled): string {
    if (answer.status === 'rejected') return answer.rejection.code;
    if (answer.kind !== 'decision') return 'done';
    const decision = this.get('decision', answer.key);
    if (decision === undefined || this.commands.at(-1)?.kind !== 'authorize') return 'done';
    return decision.outcome === 'deny' ? `deny ${decision.code}` : decision.outcome;
  }

  policy(document: unknown, by: PrincipalReference = cast.ada): string {
    return this.do({ kind: 'activate-policy', by, document, hash: JSON.stringify(document) });
  }

  /** Opens a session and returns its id. */
  open({
    by = cast.ann,
    agent = 'bot',
    mode = 'live',
    activate = true,
    ...more
  }: Opening = {}): string {
    const budget = more.budget ?? { usd: 100_000_000 };
    const session = more.id ?? `s-${this.commands.length}`;
    this.do({ kind: 'open-session', by, session, agent, mode, budget, activate });
    return session;
  }

  controlAgent(
    name: string,
    transition: AgentTransition,
    by: PrincipalReference = cast.ada,
  ): string {
    const commitments = { reason: 'salted' };
    return this.do({ kind: 'control-agent', by, org: '*', agent: name, transition, commitments });
  }

  transition(session: string, transition: SessionTransition, by: PrincipalReference): string {
    return this.do({ kind: 'transition-session', by, session, transition });
  }

  authorize({
    session,
    tool: name,
    args = {},
    by = cast.ann,
    start = false,
    ...more
  }: Call): string {
    const known = Object.hasOwn(tools, name) ? tools[name as keyof typeof tools] : undefined;
    return this.do({
      kind: 'authorize',
      by,
      session,
      tool: name,
      definition: more.definition ?? known?.definition ?? '',
      arguments: args,
      argumentsDigest: digestOf(args),
      estimate: more.estimate ?? {},
      start,
      ...(more.key === undefined ? {} : { idempotencyKey: more.key }),
      ...(more.fence === undefined ? {} : { fence: more.fence }),
    });
  }

  /**
   * Authorizes, and returns the decision's id: also that of its permit or of the ticket it opened.
   */
  ask(call: Call): string {
    this.authorize(call);
    return this.commands.at(-1)?.id ?? '';
  }

  /** Acquires the lease of a session for an owner's token; `holder` is who it is by name. */
  acquire(session: string, owner: string, more: { by?: PrincipalReference; termMs?: number } = {}) {
    const { by = cast.ann, termMs } = more;
    const command = {
      kind: 'acquire-lease',
      by,
      session,
      holder: `worker-${owner}`,
      owner,
    } as const;
    return this.do({ ...command, ...(termMs === undefined ? {} : { termMs }) });
  }

  /** Renews or releases a lease, as its owner under a fence. */
  hold(
    verb: 'renew' | 'release',
    session: string,
    { owner, fence, by = cast.ann }: { owner: string; fence: number; by?: PrincipalReference },
  ): string {
    return this.do({ kind: `${verb}-lease`, by, session, owner, fence });
  }

  expireLease(session: string, by: PrincipalReference = cast.system): string {
    return this.do({ kind: 'expire-lease', by, session });
  }

  start(permit: string, by: PrincipalReference = cast.ann): string {
    return this.do({ kind: 'start-permit', by, permit });
  }

  settle(permit: string, usage: Amounts | 'reserved' = 'reserved', by = cast.ann): string {
    return this.do({ kind: 'settle-permit', by, permit, outcome: 'succeeded', usage });
  }

  void(permit: string, by: PrincipalReference = cast.ann): string {
    return this.do({ kind: 'void-permit', by, permit });
  }

  approve(ticket: string, by: PrincipalReference = cast.pat): string {
    return this.do({ kind: 'approve-ticket', by, ticket });
  }

  deny(ticket: string, by: PrincipalReference = cast.pat): string {
    return this.do({ kind: 'deny-ticket', by, ticket });
  }

  kill(scope: KillScope, by: PrincipalReference = cast.ada): string {
    return this.do({ kind: 'engage-kill', by, scope, commitments: { reason: 'salted' } });
  }

  release(scope: KillScope, by: PrincipalReference = cast.ada): string {
    return this.do({ kind: 'release-kill', by, scope, commitments: { reason: 'salted' } });
  }
}

type WithoutId<C> = C extends Command ? Omit<C, 'id'> : never;
