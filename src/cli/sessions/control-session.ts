/** Pauses, resumes or aborts a session. */
import type { SessionTransition } from '../../kernel/index.ts';
import { acting } from '../acting.ts';
import type { ActingOptions } from '../acting-options.ts';
import { jsonLine, print, shown } from '../terminal.ts';

export interface ControlSessionOptions extends ActingOptions {
  readonly reason: string;
}

export function controlSession(
  transition: SessionTransition,
  { file, session }: { readonly file: string; readonly session: string },
  options: ControlSessionOptions,
): Promise<void> {
  const { reason, json } = options;
  return acting(file, options, async (plane, by) => {
    const { id, status } = await plane.control({ session, transition, by, reason });
    await print(json === true ? jsonLine({ id, status }) : shown(`session ${id} is ${status}`));
  });
}
