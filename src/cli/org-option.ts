/**
 * Orgs, sessions, agents and principals that a list is narrowed to: what can be none finds nothing, and that
 * looks like a good answer.
 */
import { InvalidArgumentError } from 'commander';
import { isName, isQualifiedName } from '../kernel/name.ts';
import { everyOrg } from '../kernel/org.ts';

export function orgOption(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError('It must be the name of an org.');
}

/** An org, or `*` for what is the whole installation’s. */
export function anyOrgOption(text: string): string {
  if (text === everyOrg || isName(text)) return text;
  throw new InvalidArgumentError('It must be the name of an org, or `*` for the installation.');
}

export function sessionOption(text: string): string {
  if (isQualifiedName(text)) return text;
  throw new InvalidArgumentError('It must be the id of a session.');
}

export function agentOption(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError('It must be the name of an agent.');
}

/** With or without its org before it, as the command says. */
export function principalOption(text: string): string {
  if (isQualifiedName(text)) return text;
  throw new InvalidArgumentError('It must be the id of a principal.');
}
