/**
 * Who acts by a command that changes something: a principal that an API key stands for, or one that whoever
 * runs the command states. A key is taken from the environment or from a file, never from the command line,
 * which other users of the machine can read.
 */
import { readFileSync } from 'node:fs';
import type { ControlPlane } from '../engine/index.ts';
import type { Principal } from '../identity/principal.ts';
import { type ActingOptions, type ActorOptions, keyOfEnvironment } from './acting-options.ts';
import { keyVariable } from './acting-options.ts';
import { CommandError, messageOf } from './exit.ts';
import { withControlPlane } from './plane-file.ts';

/** Opens the file, establishes who acts, and lets them. */
export async function acting(
  file: string,
  options: ActingOptions,
  act: (plane: ControlPlane, by: Principal) => Promise<void>,
): Promise<void> {
  const establish = establisherOf(options);
  await withControlPlane(file, options, async (plane) => act(plane, await establish(plane)));
}

/** How the principal will be established; wrong options are refused before the file is opened. */
function establisherOf({
  keyFile,
  as,
  asRole,
}: ActorOptions): (plane: ControlPlane) => Promise<Principal> {
  const variable = keyOfEnvironment();
  const ways = [variable, keyFile, as].filter((each) => each !== undefined).length;
  if (asRole !== undefined && as === undefined) {
    throw new CommandError('`--as-role` needs `--as`', 'a key has the roles it was issued with');
  }
  if (ways !== 1) {
    const message =
      ways === 0 ? 'nobody acts' : 'it is not clear who acts: that is said in several ways';
    throw new CommandError(
      message,
      `set ${keyVariable}, or give \`--key-file\`, or \`--as\` with \`--as-role\`; one of them`,
    );
  }
  if (as !== undefined) {
    if (asRole === undefined) {
      throw new CommandError('`--as` needs a role', 'give `--as-role`, such as operator');
    }
    return async (plane) => plane.identity.assert({ ...as, roles: asRole });
  }
  const key = variable ?? keyOfFile(keyFile ?? '');
  return (plane) => plane.identity.authenticate(key);
}

function keyOfFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (failure) {
    throw new CommandError(`the key file cannot be read: ${messageOf(failure)}`, undefined, {
      cause: failure,
    });
  }
}
