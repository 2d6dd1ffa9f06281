/**
 * The life of a tool: one transition table. What is not in it is refused.
 *
 *   registered ─quarantine─► quarantined ─approve, register─► registered
 *
 * A tool that is not known yet is registered or quarantined.
 */
import type { ToolRecord } from '../record.ts';

export type ToolStatus = 'registered' | 'quarantined';
export type ToolMove = 'register' | 'quarantine' | 'approve';

export const toolStates: Readonly<
  Record<ToolStatus, Readonly<Partial<Record<ToolMove, ToolStatus>>>>
> = {
  registered: { register: 'registered', quarantine: 'quarantined' },
  quarantined: { register: 'registered', quarantine: 'quarantined', approve: 'registered' },
};

export function toolStatus({ quarantine }: ToolRecord): ToolStatus {
  return quarantine === undefined ? 'registered' : 'quarantined';
}
