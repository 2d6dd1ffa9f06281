/** The library as the model-based suite drives it: a control plane on some store, with a fake clock and seeded ids. */
import {
  bindTool,
  type ControlPlane,
  type Lease,
  openControlPlane,
  type Permit,
  type Session,
  type ToolDeclaration,
} from '../../src/engine/index.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { FakeClock, seededIds } from '../../src/testing/index.ts';
import { heartbeatMs, runTimeoutMs, ticketTimeoutMs } from './model.ts';

const estimate = { usd: { argument: 'amount' } } as const;
const declarations: readonly ToolDeclaration[] = [
  { name: 'pay', action: 'order.pay', estimate },
  { name: 'refund', action: 'order.refund', estimate },
  { name: 'erase', action: 'order.erase' },
];
export const modelledTools = new Map(declarations.map((tool) => [tool.name, bindTool(tool)]));

function policy(version: number): object {
  return {
    format: 1,
    version,
    actions: {
      'order.pay': { runTimeoutMs },
      'order.refund': { runTimeoutMs },
      'order.erase': {},
    },
    tiers: {
      unrestricted: ['order.pay'],
      alwaysApprove: ['order.refund'],
      blocked: ['order.erase'],
    },
    approvals: { timeoutMs: ticketTimeoutMs },
    locks: [{ actions: ['order.refund'], mode: 'exclusive' }],
    operatorHeartbeatMs: heartbeatMs,
  };
}

export class Reality {
  readonly clock = new FakeClock(0);
  readonly sessions: string[] = [];
  readonly tickets: string[] = [];
  /** Permits by their position in the model; those of an earlier opening are gone. */
  readonly permits = new Map<number, Permit>();
  /** Leases that were taken since the last opening, by the number of their session. */
  readonly leases = new Map<number, Lease>();
  readonly #handles = new Map<string, Session>();
  readonly #store: () => Storage;
  readonly #ids = seededIds('model');
  #plane: ControlPlane | undefined;
  keys = 0;

  constructor(store: () => Storage) {
    this.#store = store;
  }

  get plane(): ControlPlane {
    if (this.#plane === undefined) throw new Error('not open');
    return this.#plane;
  }

  async open(version: number): Promise<void> {
    this.#plane = await openControlPlane({
      storage: this.#store(),
      clock: this.clock,
      ids: this.#ids,
      agents: ['bot'],
      tools: declarations,
      policy: policy(version),
    });
    this.permits.clear();
    this.leases.clear();
    this.#handles.clear();
  }

  async close(): Promise<void> {
    await this.#plane?.close();
  }

  principal(name: 'ops' | 'ada') {
    const assertion = {
      ops: { id: 'service:ops', org: 'acme', roles: ['operator'] },
      ada: { id: 'user:ada', org: 'acme', roles: ['approver', 'admin', 'platform-admin'] },
    }[name];
    return this.plane.identity.assert(assertion);
  }

  keep(session: Session): void {
    if (!this.sessions.includes(session.id)) this.sessions.push(session.id);
    this.#handles.set(session.id, session);
  }

  async session(number: number): Promise<Session> {
    const id = this.sessions[number] ?? '';
    const known = this.#handles.get(id);
    if (known !== undefined) return known;
    const attached = await this.plane.attachSession(this.principal('ops'), id);
    this.#handles.set(id, attached);
    return attached;
  }

  activate(version: number) {
    return this.plane.activatePolicy(policy(version), this.principal('ada'));
  }
}
