/** The session that something is governed in: whoever forgot an `await` is told so before the first call. */
import { types } from 'node:util';
import { ControlPlaneError, type Session } from '../engine/index.ts';

/** Throws `input-invalid` for what cannot decide anything. */
export function assertSession(session: Session): void {
  const given: unknown = session;
  if (typeof given === 'object' && given !== null && 'authorize' in given) return;
  const help = types.isPromise(given)
    ? 'await `openSession`'
    : 'give what `openSession` resolves to';
  throw new ControlPlaneError('input-invalid', 'what is to govern is no session', { help });
}
