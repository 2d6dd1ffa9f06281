/** API keys: issued and revoked, by whoever may, and never for more than the issuer may do. */
import type { IssueKey, RevokeKey } from '../command.ts';
import type { HandlerFor } from '../handled.ts';
import { limits } from '../limits.ts';
import { isName, isQualifiedName, quoted } from '../name.ts';
import type { PrincipalReference } from '../principal.ts';
import type { StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { notPermitted, permits, permitsIn, rolePermissions } from './rights.ts';

export const issueKey: HandlerFor<IssueKey> = (view, command, { now }) => {
  const { by, key } = command;
  if (!permitsIn(view, by, 'manage-keys', key.org))
    return { rejection: notPermitted(view, by, 'manage-keys', key.org) };
  const refusal = keyProblem(view, key, now) ?? excess(view, by, key.roles);
  if (refusal !== undefined) return { rejection: refusal };
  const subject = { kind: 'key', key: key.id } as const;
  return { events: [{ type: 'key-issued', data: key }], subject };
};

export const revokeKey: HandlerFor<RevokeKey> = (view, command) => {
  const { by } = command;
  const key = view.get('key', command.key);
  const isHolder = key?.org === by.org && key.principal === by.id;
  if (key === undefined || !(isHolder || permitsIn(view, by, 'manage-keys', key.org))) {
    return { rejection: reject('key-unknown') };
  }
  const subject = { kind: 'key', key: key.id } as const;
  if (key.revoked) return { events: [], subject, replayed: true };
  return { events: [{ type: 'key-revoked', data: { key: key.id } }], subject };
};

function keyProblem(view: StateView, key: IssueKey['key'], now: number): Rejection | undefined {
  const { id, org, principal, roles, teams = [], secretHash, expiresAt } = key;
  const isWellFormed =
    isQualifiedName(id) &&
    isName(org) &&
    isQualifiedName(principal) &&
    roles.length > 0 &&
    roles.length <= limits.rolesMax &&
    teams.length <= limits.teamsMax &&
    teams.every(isName) &&
    /^[0-9a-f]{64}$/.test(secretHash);
  if (!isWellFormed)
    return reject('key-invalid', 'its org, principal, roles or teams are not valid');
  if (view.get('key', id) !== undefined) return reject('key-invalid', 'a key with this id exists');
  if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt > now)) {
    return reject('key-invalid', 'it would have expired already');
  }
  return undefined;
}

/** A role that the issuer may not give: it does not exist, or permits what the issuer may not do. */
function excess(
  view: StateView,
  by: PrincipalReference,
  roles: readonly string[],
): Rejection | undefined {
  for (const role of roles) {
    const permissions = rolePermissions(view, role);
    if (permissions === undefined || permissions.has('expire')) {
      return reject('key-invalid', `role ${quoted(role)} is not known`);
    }
    const beyond = [...permissions].find(
      (permission) => !permits(view, by, permission as Parameters<typeof permits>[2]),
    );
    if (beyond !== undefined) {
      const message = `role ${quoted(role)} permits \`${beyond}\`, which its issuer may not do`;
      return reject('permission-denied', message);
    }
  }
  return undefined;
}
