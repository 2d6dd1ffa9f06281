/** Scopes of the kill switch as people write them: `system`, `org:acme`, `agent:acme/refund-bot`. */
import { isKillScope, type KillScope, quoted } from '../kernel/index.ts';
import { CommandError } from './exit.ts';

const nameMembers = {
  principal: 'id',
  agent: 'name',
  session: 'id',
  action: 'name',
  tool: 'name',
  budget: 'name',
  model: 'name',
} as const;

/** The scope that a text names. Throws a `CommandError` where it names none. */
export function readKillScope(text: string): KillScope {
  const scope = scopeFrom(text);
  if (isKillScope(scope)) return scope;
  const kinds = Object.keys(nameMembers).join(', ');
  throw new CommandError(
    `${quoted(text)} is no scope of the kill switch`,
    `write system, org:<org>, or <kind>:<org>/<name> with one of the kinds ${kinds}`,
  );
}

function scopeFrom(text: string): unknown {
  if (text === 'system') return { kind: 'system' };
  const [, kind = '', rest = ''] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  if (kind === 'org') return { kind, org: rest };
  const [, org, name] = /^([^/]+)\/(.+)$/.exec(rest) ?? [];
  if (!isNamed(kind) || org === undefined) return undefined;
  return { kind, org, [nameMembers[kind]]: name };
}

function isNamed(kind: string): kind is keyof typeof nameMembers {
  return Object.hasOwn(nameMembers, kind);
}

/** The text of a latch's scope: neither orgs nor names have a `|`, which separates them in its key. */
export function killScopeText(latchScope: string): string {
  const [kind = '', org, name] = latchScope.split('|');
  if (org === undefined) return kind;
  return name === undefined ? `${kind}:${org}` : `${kind}:${org}/${name}`;
}
