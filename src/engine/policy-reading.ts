/**
 * Reads a policy that is to be activated: CEL becomes expressions. The kernel checks and refuses,
 * so that a refusal is in the log. Lint is for files: here, what a rule cannot change it does not change.
 */
import { limits, reject } from '../kernel/index.ts';
import { canonicalJson, CanonicalJsonError } from '../log/index.ts';
import { lowerCel } from '../policy/cel-lowering.ts';
import { ControlPlaneError, fault, rejected } from './error.ts';

const policyLimits = {
  depthMax: 64,
  bytesMax: limits.policyBytesMax,
  membersMax: 1_000_000,
};

export interface PolicyToActivate {
  /** Canonical, as the log keeps it. */
  readonly text: string;
  /** What to throw in place of a refusal: it says which CEL text could not be read, and why. */
  readonly explained: (refusal: unknown) => unknown;
}

export function policyToActivate(written: unknown): PolicyToActivate {
  const { document, findings } = lowerCel(JSON.parse(canonicalPolicy(written)));
  const problems = findings.map(({ code, path, message }) => `${code}: \`${path}\` ${message}`);
  return {
    text: canonicalPolicy(document),
    explained: (refusal) => {
      const isRefused = ControlPlaneError.is(refusal) && refusal.code === 'policy-invalid';
      if (!isRefused || problems.length === 0) return refusal;
      return rejected(reject('policy-invalid', problems.slice(0, 10).join('; ')));
    },
  };
}

function canonicalPolicy(document: unknown): string {
  try {
    return canonicalJson(document, policyLimits);
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    throw fault('input-invalid', `the policy is not plain data: ${failure.message}`, failure);
  }
}
