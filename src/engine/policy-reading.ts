/**
 * Reads a policy that is to be activated: CEL becomes expressions, and what only this process can see of it
 * (evaluators it does not have, rules without effect, arguments that its tools do not take) becomes a fact.
 * The kernel checks and refuses, so that a refusal is in the log.
 */
import { type EvaluatorRegistry } from '../evaluators/index.ts';
import {
  checkPolicy,
  evaluatorCallsOf,
  limits,
  type PolicyDocument,
  findingsText,
  reject,
} from '../kernel/index.ts';
import { canonicalJson, CanonicalJsonError } from '../log/index.ts';
import { argumentFindings } from '../policy/argument-types.ts';
import { lowerCel } from '../policy/cel-lowering.ts';
import type { DeclaredTool } from '../policy/tool-declarations.ts';
import { lintPolicy } from '../policy/lint.ts';
import { ControlPlaneError, fault, rejected } from './error.ts';

const policyLimits = {
  depthMax: 64,
  bytesMax: limits.policyBytesMax,
  membersMax: 1_000_000,
};

const textHelp = 'a text is read with `readPolicyText`; the `document` that it gives is the policy';

export interface PolicyToActivate {
  /** Canonical, as the log keeps it. */
  readonly text: string;
  readonly document: unknown;
  /** Why it cannot be activated here although the kernel would take it. */
  readonly problem: string | undefined;
  /** What to throw in place of a refusal: it says which CEL text could not be read, and why. */
  readonly explained: (refusal: unknown) => unknown;
}

/** What this process has, and the policy may need. */
export interface PolicyNeeds {
  readonly evaluators: EvaluatorRegistry;
  /** Every tool that the log knows; with its schema where this process has it. */
  readonly tools: readonly DeclaredTool[];
}

export function policyToActivate(written: unknown, needs: PolicyNeeds): PolicyToActivate {
  const lowered = lowerCel(JSON.parse(canonicalPolicy(written)));
  const text = canonicalPolicy(lowered.document);
  const document: unknown = JSON.parse(text);
  const checked = checkPolicy(document);
  return {
    text,
    document,
    problem: 'document' in checked ? problemOf(checked.document, needs) : undefined,
    explained: (refusal) => {
      const isRefused = ControlPlaneError.is(refusal) && refusal.code === 'policy-invalid';
      if (isRefused && typeof document === 'string') {
        return rejected(reject('policy-invalid', refusal.message, textHelp), refusal.index);
      }
      if (!isRefused || lowered.findings.length === 0) return refusal;
      return rejected(reject('policy-invalid', findingsText(lowered.findings)));
    },
  };
}

/** Every call would be denied where an evaluator is missing; a rule without effect is no rule. */
function problemOf(
  document: PolicyDocument,
  { evaluators, tools }: PolicyNeeds,
): string | undefined {
  for (const { id, evaluator, config, kind, effect } of evaluatorCallsOf(document)) {
    const problem =
      effect === 'redact'
        ? evaluators.checkRedaction(evaluator, config)
        : evaluators.checkConfig(evaluator, config, kind);
    if (problem !== undefined) return `\`${id}\`: ${problem}`;
  }
  const findings = [...lintPolicy(document), ...argumentFindings(document, tools)];
  const errors = findings.filter(({ severity }) => severity === 'error');
  return errors.length === 0 ? undefined : findingsText(errors);
}

function canonicalPolicy(document: unknown): string {
  try {
    return canonicalJson(document, policyLimits);
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    throw fault('input-invalid', `the policy is not plain data: ${failure.message}`, failure);
  }
}
