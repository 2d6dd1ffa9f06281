/**
 * What a principal may do now: by its roles, those that are built in and those of the active policy, and only
 * as long as the credential that it was established with is good.
 */
import type { Command } from '../command.ts';
import { quoted } from '../name.ts';
import { everyOrg } from '../org.ts';
import { compilePolicy } from '../policy/compile.ts';
import {
  grantableRoles,
  isBuiltInRole,
  type Permission,
  permissionsOf,
  type PrincipalReference,
  rolePermits,
} from '../principal.ts';
import type { StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';

/** Whether one of the principal's roles has the permission. */
export function permits(view: StateView, by: PrincipalReference, permission: Permission): boolean {
  return by.roles.some(
    (role) =>
      rolePermits(role, permission) ||
      (!isBuiltInRole(role) && (rolePermissions(view, role)?.has(permission) ?? false)),
  );
}

/** Whether the principal has a permission for an org, its own or, with the right to all of them, another. */
export function permitsIn(
  view: StateView,
  by: PrincipalReference,
  permission: Permission,
  org: string,
): boolean {
  if (!permits(view, by, permission)) return false;
  return (by.org === org && org !== everyOrg) || permits(view, by, 'any-org');
}

/** The refusal of whoever may not: what it would take, and who has it. For `org`, where it is about one. */
export function notPermitted(
  view: StateView,
  by: PrincipalReference,
  permission: Permission,
  org: string = by.org,
): Rejection {
  const message = `no role of the principal permits \`${permission}\``;
  if (org !== by.org && permits(view, by, permission)) {
    const where = org === everyOrg ? 'in every org' : 'in another org';
    const whose = org === everyOrg ? 'one' : 'a principal of that org, or one';
    const help = `use ${whose} with the role platform-admin`;
    return reject('permission-denied', `${message} ${where}`, help);
  }
  const roles = grantableRoles.filter((role) => rolePermits(role, permission));
  const one = roles.length === 1 ? 'the role' : 'one of the roles';
  const help = `use a principal with ${one} ${roles.join(', ')}`;
  return reject('permission-denied', message, help);
}

/** The permissions of a role that exists, or undefined. */
export function rolePermissions(view: StateView, role: string): ReadonlySet<string> | undefined {
  const builtIn = permissionsOf(role);
  if (builtIn !== undefined) return builtIn;
  const policy = view.get('policy', 'active');
  return policy === undefined ? undefined : compilePolicy(policy.document).roles.get(role);
}

/** What was asked for, granted or offered with a key that was revoked since is void. */
export function isKeyRevoked(view: StateView, credential: string | undefined): boolean {
  return credential !== undefined && view.get('key', credential)?.revoked !== false;
}

/** Commands that only tell what was done already: they are heard from whoever was allowed to do it. */
const reports: ReadonlySet<Command['kind']> = new Set(['settle-permit', 'void-permit']);

/** Why a command is refused whose author's credential is no longer good. */
export function credentialRefusal(
  view: StateView,
  { by, kind }: Pick<Command, 'by' | 'kind'>,
  now: number,
): Rejection | undefined {
  if (reports.has(kind)) return undefined;
  if (by.expiresAt !== undefined && now >= by.expiresAt) return reject('credential-expired');
  if (by.credential === undefined) return undefined;
  const key = view.get('key', by.credential);
  const isTheirs = key !== undefined && key.org === by.org && key.principal === by.id;
  if (!isTheirs || key.revoked) {
    return reject('credential-revoked', `API key ${quoted(by.credential)} was revoked`);
  }
  if (key.expiresAt !== undefined && now >= key.expiresAt) {
    return reject('credential-expired', `API key ${quoted(by.credential)} expired`);
  }
  return undefined;
}
