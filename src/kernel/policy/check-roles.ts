/** Checks the roles that a policy document defines, and finds which roles may decide tickets under it. */
import { limits } from '../limits.ts';
import { isName } from '../name.ts';
import { isBuiltInRole, isOrgPermission, orgPermissions, rolePermits } from '../principal.ts';
import { membersOf } from './check-evaluators.ts';
import { type Findings, isText } from './finding.ts';

export function checkRoles(findings: Findings, value: unknown): void {
  if (value === undefined) return;
  const names = Object.keys(membersOf(value));
  const roles = findings.object('roles', value, names);
  if (roles === undefined) return;
  if (names.length > limits.policyRolesMax) {
    findings.add('too-many', 'roles', `defines more than ${limits.policyRolesMax} roles`);
  }
  for (const name of names) {
    const path = `roles.${name}`;
    if (!isName(name)) findings.add('invalid-name', path, 'is not a valid role name');
    // A policy that gave `approver` another meaning would change rights that nobody reads it for.
    if (isBuiltInRole(name)) findings.add('invalid-name', path, 'is a role that is built in');
    const role = findings.object(path, roles[name], ['permissions', 'description']);
    if (role === undefined) continue;
    const { permissions } = role;
    if (!Array.isArray(permissions) || permissions.length === 0) {
      findings.add('empty-list', `${path}.permissions`, 'must list at least one permission');
    }
    const known = `one of ${orgPermissions.join(', ')}`;
    findings.listOf(`${path}.permissions`, permissions, isOrgPermission, known);
    findings.optional(`${path}.description`, role['description'], isText, 'a text');
  }
}

/** Whether a role may decide tickets: one that may not could never satisfy an approval that asks for it. */
export type DecidesTickets = (role: unknown) => boolean;

export function decidingRoles(value: unknown): DecidesTickets {
  const own = new Set(
    Object.entries(membersOf(value)).flatMap(([name, role]) => {
      const { permissions } = membersOf(role);
      const decides = Array.isArray(permissions) && permissions.includes('decide-ticket');
      return decides ? [name] : [];
    }),
  );
  return (role) =>
    rolePermits(role, 'decide-ticket') || (typeof role === 'string' && own.has(role));
}
