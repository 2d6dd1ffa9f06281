/**
 * Principals and what their roles permit.
 *
 * A `PrincipalReference` is what the log records of whoever submitted a command. It is minted outside the
 * kernel by an authenticator; the kernel only reads it. The table below is what the built-in roles permit;
 * the active policy may define more of them (`rights/rights.ts`). A command whose permission is in none of
 * the principal's roles is refused before anything else is read.
 */

/** Who submitted a command and how that was established. */
export interface PrincipalReference {
  readonly id: string;
  readonly org: string;
  readonly roles: readonly string[];
  /** How the identity was established, such as `host-assertion`. */
  readonly via: string;
  /** Id of the API key that it was established with, where it was. */
  readonly credential?: string;
  /** Log time, ms, from which on whatever established it no longer does; left out where it does not end. */
  readonly expiresAt?: number;
  /** Teams within the org, sorted; left out where there is none. */
  readonly teams?: readonly string[];
}

/** What a role may do within its principal's org. `*-own` rights need no permission of their own. */
export const orgPermissions = [
  'open-session',
  'use-session',
  'control-session',
  'engage-kill',
  'release-kill',
  'cancel-ticket',
  'decide-ticket',
  'register-agent',
  'control-agent',
  'set-budget',
  'reconcile-usage',
  'manage-keys',
  'revoke-grant',
  'read-org',
] as const;

/** What concerns every org alike: tools, policy and prices are one for the whole installation. */
const installationPermissions = [
  'register-tool',
  'activate-policy',
  'activate-prices',
  'engage-system-kill',
  'release-system-kill',
  'any-org',
] as const;

export type Permission =
  | (typeof orgPermissions)[number]
  | (typeof installationPermissions)[number]
  | 'expire';

const permissionsByRole = {
  agent: ['open-session', 'use-session'],
  operator: [
    'open-session',
    'use-session',
    'control-session',
    'engage-kill',
    'release-kill',
    'cancel-ticket',
    'revoke-grant',
    'read-org',
  ],
  approver: ['decide-ticket', 'revoke-grant', 'read-org'],
  auditor: ['read-org'],
  admin: orgPermissions,
  'platform-admin': [...orgPermissions, ...installationPermissions],
  system: ['expire'],
} as const satisfies Readonly<Record<string, readonly Permission[]>>;

export type Role = keyof typeof permissionsByRole;

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
  'platform-admin',
];

export function isGrantableRole(role: unknown): role is Role {
  return (grantableRoles as readonly unknown[]).includes(role);
}

/** Whether a name is one of the roles that are built in; a policy cannot give it another meaning. */
export function isBuiltInRole(role: string): boolean {
  return permissionSets.has(role);
}

export function isOrgPermission(value: unknown): value is (typeof orgPermissions)[number] {
  return (orgPermissions as readonly unknown[]).includes(value);
}

/** The permissions of a role that is built in, or undefined. */
export function permissionsOf(role: string): ReadonlySet<string> | undefined {
  return permissionSets.get(role);
}

/** Whether a role that is built in has a permission. */
export function rolePermits(role: unknown, permission: Permission): boolean {
  return typeof role === 'string' && (permissionSets.get(role)?.has(permission) ?? false);
}

/** Whether a command is the control plane's own, such as an expiry. */
export function isSystem(principal: PrincipalReference): boolean {
  return principal.roles.some((role) => rolePermits(role, 'expire'));
}

export function samePrincipal(
  left: { readonly org: string; readonly id: string },
  right: { readonly org: string; readonly id: string },
): boolean {
  return left.org === right.org && left.id === right.id;
}

/** Whether a record is the principal's own. */
export function isOwner(
  by: PrincipalReference,
  record: { readonly org: string; readonly principal: string },
): boolean {
  return samePrincipal(by, { org: record.org, id: record.principal });
}

/** The control plane itself, as the author of expiries. */
export const systemPrincipal: PrincipalReference = Object.freeze({
  id: 'control-plane',
  org: 'control-plane',
  roles: Object.freeze(['system']),
  via: 'internal',
});
