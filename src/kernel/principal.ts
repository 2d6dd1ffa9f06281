/**
 * Principals and what their roles permit.
 *
 * A `PrincipalReference` is what the log records of whoever submitted a command. It is minted outside the
 * kernel by an authenticator; the kernel only reads it. The table below is the whole of role-based access:
 * a command whose permission is not in one of the principal's roles is refused before anything else is read.
 */

/** Who submitted a command and how that was established. */
export interface PrincipalReference {
  readonly id: string;
  readonly org: string;
  readonly roles: readonly string[];
  /** How the identity was established, such as `host-assertion`. */
  readonly via: string;
  /** Teams within the org, sorted; left out where there is none. */
  readonly teams?: readonly string[];
}

/** What a role may do. `own-*` permissions hold only for the principal's own sessions. */
const permissionsByRole = {
  agent: ['open-session', 'use-session'],
  operator: [
    'open-session',
    'use-session',
    'control-session',
    'engage-kill',
    'release-kill',
    'cancel-ticket',
  ],
  approver: ['decide-ticket'],
  auditor: [],
  admin: [
    'open-session',
    'use-session',
    'control-session',
    'engage-kill',
    'release-kill',
    'engage-system-kill',
    'release-system-kill',
    'cancel-ticket',
    'decide-ticket',
    'register-agent',
    'register-tool',
    'activate-policy',
    'activate-prices',
    'set-budget',
    'reconcile-usage',
  ],
  system: ['expire', 'record-delivery'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Role = keyof typeof permissionsByRole;
export type Permission = (typeof permissionsByRole)[Role][number];

const permissionSets: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(permissionsByRole).map(([role, permissions]) => [role, new Set(permissions)]),
);

/** Roles that an authenticator may give out. `system` is the control plane's own and cannot be given. */
export const grantableRoles: readonly Role[] = [
  'agent',
  'operator',
  'approver',
  'auditor',
  'admin',
];

export function isGrantableRole(role: unknown): role is Role {
  return (grantableRoles as readonly unknown[]).includes(role);
}

/** Whether a role has a permission. */
export function rolePermits(role: unknown, permission: Permission): boolean {
  return typeof role === 'string' && (permissionSets.get(role)?.has(permission) ?? false);
}

export function permits(principal: PrincipalReference, permission: Permission): boolean {
  return principal.roles.some((role) => rolePermits(role, permission));
}

export function samePrincipal(
  left: { readonly org: string; readonly id: string },
  right: { readonly org: string; readonly id: string },
): boolean {
  return left.org === right.org && left.id === right.id;
}

/** The control plane itself, as the author of expiries. */
export const systemPrincipal: PrincipalReference = Object.freeze({
  id: 'control-plane',
  org: 'control-plane',
  roles: Object.freeze(['system']),
  via: 'internal',
});
