/** An agent as it is declared, in the kernel's terms. */
import { type Command, everyOrg, limits, type PrincipalReference } from '../../kernel/index.ts';
import { canonicalJson, CanonicalJsonError, entryLimits } from '../../log/index.ts';
import { assertMembers } from '../known-members.ts';
import { ControlPlaneError, fault } from '../error.ts';
import { plainScope, type WrittenScope } from './scopes.ts';

export interface AgentDeclaration {
  readonly name: string;
  /** Whose it is; by default, that of whoever registers it, and every org's where the host does. */
  readonly org?: string;
  readonly version?: string;
  /** Id of the principal that answers for it, who decides none of its tickets. */
  readonly owner?: string;
  /** Patterns of the actions the agent may ask for, on any resource; all where nothing is said. */
  readonly actions?: readonly string[];
  /** In place of `actions`: any call that one of these covers. */
  readonly capabilities?: readonly WrittenScope[];
}

/** A misspelt `actions` would make an agent that may ask for anything. */
const declarationKnown = [
  'name',
  'org',
  'version',
  'owner',
  'actions',
  'capabilities',
] as const satisfies readonly (keyof AgentDeclaration)[];

type RegisteredAgent = Extract<Command, { readonly kind: 'register-agent' }>['agent'];

/** Throws `input-invalid` where it is not plain data, or a condition cannot be read. */
export function declaredAgent(
  by: PrincipalReference,
  declaration: AgentDeclaration,
): RegisteredAgent {
  assertMembers('the declaration of an agent', declaration, declarationKnown);
  const { name, version = '1', owner, actions = ['**'] } = declaration;
  // Its refusal would stand in the log with the name, which has no form there.
  if (typeof name === 'string' && !name.isWellFormed()) {
    throw fault('input-invalid', 'the name of an agent has half a character in it');
  }
  const { org = by.via === 'configuration' ? everyOrg : by.org } = declaration;
  if (declaration.actions !== undefined && declaration.capabilities !== undefined) {
    throw fault('input-invalid', 'an agent has `actions` or `capabilities`, not both');
  }
  const declared: unknown =
    declaration.capabilities === undefined ? [{ actions }] : declaration.capabilities;
  if (!Array.isArray(declared)) throw fault('input-invalid', '`capabilities` must be a list');
  const capabilities = declared.map((scope: unknown) => plainScope(scope));
  assertFit(capabilities);
  return { org, name, version, ...(owner === undefined ? {} : { owner }), capabilities };
}

/** The entry that registers an agent holds them, and those that it had before. */
function assertFit(capabilities: RegisteredAgent['capabilities']): void {
  try {
    canonicalJson(capabilities, { ...entryLimits, bytesMax: limits.capabilitiesBytesMax });
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    throw fault('input-invalid', `the capabilities do not fit: ${failure.message}`, failure);
  }
}

/**
 * For what a host declares when it opens: an agent that an operator has revoked since stays so, and what else
 * the host has goes on. It would not start again otherwise, when it is needed most.
 */
export async function unlessRevoked(registering: Promise<unknown>): Promise<void> {
  try {
    await registering;
  } catch (failure) {
    if (!ControlPlaneError.is(failure) || failure.code !== 'agent-disabled') throw failure;
    const remedy = 'it opens no session, and need not be declared any more';
    process.emitWarning(`${failure.message}: ${remedy}`);
  }
}
