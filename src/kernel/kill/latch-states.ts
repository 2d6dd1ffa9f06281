/**
 * The life of a kill switch: one transition table. What is not in it is refused.
 *
 *   released ─kill─► engaged ─supervise─► supervised
 *      ▲ ▲────release──┘ ▲────────kill──────┘ │
 *      └──────────────release─────────────────┘
 */
import type { LatchRecord } from './latch.ts';

export type LatchStatus = 'released' | 'engaged' | 'supervised';
export type LatchMove = 'kill' | 'supervise' | 'release';

/** Engaging again is a new kill: it voids what was decided since the last one. */
export const latchStates: Readonly<
  Record<LatchStatus, Readonly<Partial<Record<LatchMove, LatchStatus>>>>
> = {
  released: { kill: 'engaged' },
  engaged: { kill: 'engaged', supervise: 'supervised', release: 'released' },
  supervised: { kill: 'engaged', release: 'released' },
};

/** A latch that was never engaged is released. */
export function latchStatus(latch: LatchRecord | undefined): LatchStatus {
  if (latch?.engaged === true) return 'engaged';
  return latch?.supervised === true ? 'supervised' : 'released';
}
