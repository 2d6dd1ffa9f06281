/**
 * The life of a session: one transition table. What is not in it is refused.
 *
 *   created ─activate─► active ◄─resume─ paused
 *      │                 │  └──pause────► │
 *      └─────abort───────┼─abort──────────┤
 *                        └─complete───────┘
 *
 * `completed` and `aborted` are terminal.
 */
export type SessionStatus = 'created' | 'active' | 'paused' | 'completed' | 'aborted';
export type SessionTransition = 'activate' | 'pause' | 'resume' | 'complete' | 'abort';

/** `live` runs tools. `dry-run` and `replay` decide and record, and never issue a permit. */
export type SessionMode = 'live' | 'dry-run' | 'replay';

export const sessionModes: readonly SessionMode[] = ['live', 'dry-run', 'replay'];

export const sessionStates: Readonly<
  Record<SessionStatus, Readonly<Partial<Record<SessionTransition, SessionStatus>>>>
> = {
  created: { activate: 'active', abort: 'aborted' },
  active: { pause: 'paused', complete: 'completed', abort: 'aborted' },
  paused: { resume: 'active', complete: 'completed', abort: 'aborted' },
  completed: {},
  aborted: {},
};

/** The state that `transition` leads to from `status`, or undefined where it is illegal. */
export function nextStatus(
  status: SessionStatus,
  transition: SessionTransition,
): SessionStatus | undefined {
  // From outside it may be any text: only own members count.
  const next = sessionStates[status];
  return Object.hasOwn(next, transition) ? next[transition] : undefined;
}

export function isTerminal(status: SessionStatus): boolean {
  return status === 'completed' || status === 'aborted';
}

/** Whether a transition puts a session to work, and so is refused while a kill switch covers it. */
export function putsToWork(transition: SessionTransition): boolean {
  return transition === 'activate' || transition === 'resume';
}

/** Whether a session is over for good once it was moved so. */
export function endsSession(transition: SessionTransition): boolean {
  const next = nextStatus('active', transition);
  return next !== undefined && isTerminal(next);
}

/** Who works above a session, sorted: a kill switch that covers one of them covers it. */
export interface Lineage {
  readonly agents: readonly string[];
  readonly principals: readonly string[];
}

/** Where a call comes from: the session that it is made in, whose that is, and who is above. */
export interface Origin {
  readonly session: string;
  /** Sessions on whose behalf the session works, the nearest first; left out where there is none. */
  readonly ancestors?: readonly string[];
  readonly lineage?: Lineage;
  readonly org: string;
  readonly principal: string;
  readonly agent: string;
}
