/** The people of the demo: ada decides on tickets, olga has the kill switch. The log tells them when. */
import type { ControlPlane, LogEvent } from '../../engine/index.ts';
import type { Narrator } from './narrator.ts';
import { agent, org, people } from './policy.ts';
import type { Intervention } from './transcript.ts';

export class Bystanders {
  readonly #plane: ControlPlane;
  readonly #narrator: Narrator;
  readonly #ada;
  readonly #olga;
  readonly #acting = new Set<Promise<void>>();
  readonly #reason: string;
  /** What they do during the call that is under way. */
  #intervention: Intervention | undefined;

  /** `reason`: why ada approves what she is asked for. */
  constructor(plane: ControlPlane, narrator: Narrator, reason: string) {
    this.#reason = reason;
    this.#plane = plane;
    this.#narrator = narrator;
    this.#ada = plane.identity.assert(people.ada);
    this.#olga = plane.identity.assert(people.olga);
  }

  /** A call begins. */
  watch(intervention: Intervention | undefined): void {
    this.#intervention = intervention;
  }

  onEvent({ type, data }: LogEvent): void {
    const starts = type === 'action-decided' && 'permit' in data && data.permit === 'started';
    if (type === 'ticket-requested' && 'ticket' in data) this.#begin(this.#decide(data.ticket));
    if (starts && this.#intervention === 'kill') this.#begin(this.#kill());
  }

  /** Waits until nobody is in the middle of something; throws what went wrong for them. */
  async settled(): Promise<void> {
    await Promise.all(this.#acting);
  }

  #begin(action: Promise<void>): void {
    this.#acting.add(action);
    // Reported by `settled`; a rejection that nobody waits for yet must not end the process.
    action.catch(() => {});
  }

  async #decide(ticket: string): Promise<void> {
    const intervention = this.#intervention;
    if (intervention !== 'approve' && intervention !== 'deny') return;
    await this.#narrator.pause(900);
    if (intervention === 'approve') {
      this.#narrator.person('ada', 'looks at the ticket and approves it');
      await this.#plane.approve({ ticket, by: this.#ada, reason: this.#reason });
    } else {
      this.#narrator.person('ada', 'looks at the ticket and denies it');
      await this.#plane.deny({ ticket, by: this.#ada, reason: 'not covered' });
    }
  }

  async #kill(): Promise<void> {
    this.#intervention = undefined;
    await this.#narrator.workFor(350);
    this.#narrator.person('olga', 'has seen enough and engages the kill switch for the agent');
    await this.#plane.kill({
      scope: { kind: 'agent', org, name: agent },
      by: this.#olga,
      reason: 'it works on things that nobody asked for',
    });
  }
}
