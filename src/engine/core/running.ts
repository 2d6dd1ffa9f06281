/**
 * Work that runs in this process under a started permit, and the signals that stop it.
 *
 * A kill, the end of the session, the permit's own deadline or the close of the control plane aborts the
 * signal. The signal is a request: a tool that ignores it runs on, but its permit is spent and nothing else
 * in scope starts.
 */
import { coveringLatchKeys, type DecisionRecord } from '../../kernel/index.ts';
import { ControlPlaneError, fault } from '../error.ts';

interface Work {
  readonly controller: AbortController;
  readonly decision: DecisionRecord;
}

export class RunningWork {
  readonly #byPermit = new Map<string, Work>();

  /** Starts watching a permit; its signal. */
  add(decision: DecisionRecord): AbortSignal {
    const work: Work = { controller: new AbortController(), decision };
    this.#byPermit.set(decision.id, work);
    return work.controller.signal;
  }

  remove(permit: string): void {
    this.#byPermit.delete(permit);
  }

  get size(): number {
    return this.#byPermit.size;
  }

  abortKilled(latchKey: string): void {
    this.#abortWhere(
      ({ decision }) => coveringLatchKeys(decision).includes(latchKey),
      () => new ControlPlaneError('killed', `the kill switch \`${latchKey}\` was engaged`),
    );
  }

  abortSession(session: string): void {
    this.#abortWhere(
      ({ decision }) =>
        decision.session === session || (decision.ancestors?.includes(session) ?? false),
      () => new ControlPlaneError('session-not-active', 'the session was aborted'),
    );
  }

  abortExpired(permit: string): void {
    const reason = new ControlPlaneError('permit-expired', 'the permit’s time to run is over');
    this.#byPermit.get(permit)?.controller.abort(reason);
  }

  /** No kill reaches it from here on, and nothing records how it ends. */
  abortAll(): void {
    this.#abortWhere(
      () => true,
      () => fault('closed'),
    );
  }

  #abortWhere(covers: (work: Work) => boolean, reason: () => ControlPlaneError): void {
    for (const work of this.#byPermit.values()) {
      if (covers(work)) work.controller.abort(reason());
    }
  }
}
