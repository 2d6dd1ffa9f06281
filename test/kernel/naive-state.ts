/**
 * What the naive model remembers: maps and lists, and the two questions that everything asks of
 * them.
 */
import type { Command, KillScope, PolicyDocument } from '../../src/kernel/index.ts';

/** The commands of a kind, or of one of several. */
export type Of<K extends Command['kind']> = OfKind<Command, K>;
type OfKind<C, K> = C extends { readonly kind: infer Q } ? (K extends Q ? C : never) : never;
type Who = Command['by'];

export type Session = Of<'open-session'> & { status: string; readonly steers: string[] };

/** A call, and what held when it was asked. */
interface Asked {
  readonly session: Session;
  readonly call: Of<'authorize'>;
  readonly action: string;
  readonly version: number;
  readonly step: number;
  status: string;
  ends: number;
}
export type Ticket = Asked & { cost: string; roles: readonly string[]; asked: number };
export type Permit = Asked & { held: Record<string, number>; runMs: number };

export class NaiveState {
  step = 0;
  policy: PolicyDocument | undefined;
  readonly sessions = new Map<string, Session>();
  readonly agents = new Map<string, Of<'register-agent'>['agent']>();
  readonly tools = new Map<string, Of<'register-tool'>['tool']>();
  readonly tickets = new Map<string, Ticket>();
  readonly permits = new Map<string, Permit>();
  readonly kills: { readonly scope: KillScope; on: boolean; step: number }[] = [];
  /** By `session|unit`. */
  readonly budgets = new Map<
    string,
    { limit: number; reserved: number; posted: number; frozen: boolean }
  >();

  /** Whether a kill covers the subject now, or did at some time after `step`. */
  killed(session: Session, call?: { tool: string; action: string }, step = Infinity): boolean {
    return this.kills.some(
      (kill) => (kill.on || kill.step > step) && covers(kill.scope, session, call),
    );
  }
}

function covers(
  scope: KillScope,
  session: Session,
  call: { tool: string; action: string } | undefined,
): boolean {
  if (scope.kind === 'system') return true;
  if (scope.org !== session.by.org) return false;
  if (scope.kind === 'org') return true;
  if (scope.kind === 'principal') return scope.id === session.by.id;
  if (scope.kind === 'session') return scope.id === session.session;
  if (scope.kind === 'agent') return scope.name === session.agent;
  return scope.name === (scope.kind === 'tool' ? call?.tool : call?.action);
}

export const is = (by: Who, ...roles: readonly string[]): boolean =>
  by.roles.some((role) => roles.includes(role));

export const same = (left: Who, right: Who): boolean =>
  left.id === right.id && left.org === right.org;
