/** Scopes as the kernel takes them: read once, plain, canonical, with the CEL in conditions read. */
import type { CallScope, ConditionDocument, DelegationTerms } from '../../kernel/index.ts';
import { canonicalJson, CanonicalJsonError } from '../../log/index.ts';
import { lowerScope } from '../../policy/scope-lowering.ts';
import { checkedDate } from '../core/checked-date.ts';
import { assertObject } from '../known-members.ts';
import { fault } from '../error.ts';

/** A condition as hosts write it: a tree, which may have texts in CEL in it. */
type WrittenCondition =
  | ConditionDocument
  | { readonly cel: string }
  | { readonly all: readonly WrittenCondition[] }
  | { readonly any: readonly WrittenCondition[] }
  | { readonly not: WrittenCondition };

/** A scope as hosts write it. */
export interface WrittenScope extends Omit<CallScope, 'when'> {
  /** Has to be true of the call; an error in it is not. A text is CEL. */
  readonly when?: WrittenCondition | string;
}

/** What a session is given by the one that it works on behalf of. What is left out is not narrowed. */
export interface Delegation extends Partial<WrittenScope> {
  /** When it ends. */
  readonly expiresAt?: Date;
  /** How many sessions deep it may be delegated further; 0 for not at all. */
  readonly depth?: number;
}

const scopeLimits = { depthMax: 64, bytesMax: 262_144, membersMax: 100_000 };

/** Throws `input-invalid` where it is not plain data, or a condition cannot be read. */
export function plainScope(scope: unknown): CallScope {
  let plain: unknown;
  try {
    plain = JSON.parse(canonicalJson(scope, scopeLimits));
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    throw fault('input-invalid', `a scope is not plain data: ${failure.message}`, failure);
  }
  const lowered = lowerScope(plain);
  if ('problem' in lowered) throw fault('input-invalid', lowered.problem);
  return lowered.scope as CallScope;
}

/** Throws `input-invalid` where a part of it cannot be read. */
export function delegationTerms(delegation: Delegation): DelegationTerms {
  assertObject('the terms of a delegation', delegation);
  const { expiresAt, depth, ...scope } = delegation;
  return {
    ...plainScope(scope),
    ...(expiresAt === undefined ? {} : { expiresAt: checkedDate('expiresAt', expiresAt) }),
    ...(depth === undefined ? {} : { depth }),
  };
}
