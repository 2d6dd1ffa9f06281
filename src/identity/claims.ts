/**
 * From the claims of a token to who somebody is, by configuration and not by code.
 *
 * Nothing reaches an identity but what the mapping names: a claim that happens to be called `roles` or `org`
 * means nothing by itself. A value that does not fit is refused and never changed into one that does, since
 * two people could become one. A claim that is configured and missing is refused too: who belongs to no team
 * would be outside the budgets of all teams.
 */
import { compareText, isName, isQualifiedName, limits } from '../kernel/index.ts';
import { AuthenticationError, type Authenticated } from './authenticator.ts';
import { type ClaimPath, claimPath, showPath } from './claim-path.ts';
import { checkMembers, listFrom } from './option-checks.ts';
import { isObject, ownMember, type Claims } from './signed-token.ts';

/** A claim that holds one text, or a list of one. */
export interface TextClaim {
  readonly claim: ClaimPath;
  /** From values of the claim to what they mean here. Without it a value means itself. */
  readonly map?: Readonly<Record<string, string>>;
}

/** A claim that holds several texts. */
export interface ListClaim<Value> {
  readonly claim: ClaimPath;
  /**
   * `list`, the default: an array, or one text as an array of one. `space-separated`: one text, as in
   * `scope` (RFC 6749).
   */
  readonly form?: 'list' | 'space-separated';
  /** From values of the claim to what they mean here. A value that is not in it gives nothing. */
  readonly map: Readonly<Record<string, Value>>;
}

export interface ClaimMapping {
  /** The claim that says who it is; `sub` where it is left out. The id is `<kind>:<subject>`. */
  readonly subject?: ClaimPath;
  /** `user` or `service`, or the claim that says which. */
  readonly kind: 'user' | 'service' | TextClaim;
  /** The org of everybody, or the claim that says which. */
  readonly org: string | TextClaim;
  /** Without it, nobody is in a team. Without its `map`, a value is the name of a team. */
  readonly teams?: Omit<ListClaim<string>, 'map'> & Partial<Pick<ListClaim<string>, 'map'>>;
  /** Who gets no role is refused. */
  readonly roles: ListClaim<string | readonly string[]>;
}

/** Reads an identity out of claims whose signature is checked. Throws `claims-invalid`. */
export type ClaimReader = (claims: Claims) => Omit<Authenticated, 'expiresAt'>;

/** Throws a `TypeError` where the mapping itself is wrong. */
export function claimReader(mapping: ClaimMapping): ClaimReader {
  checkMembers('claims', mapping, ['subject', 'kind', 'org', 'teams', 'roles']);
  const readSubject = textReader(
    'claims.subject',
    { claim: mapping.subject === undefined ? 'sub' : mapping.subject },
    isSubject,
  );
  const readKind = fixedOrText('claims.kind', mapping.kind, isKind);
  const readOrg = fixedOrText('claims.org', mapping.org, isName);
  const readTeams = teamsReader(mapping.teams);
  const readRoles = rolesReader(mapping.roles);
  return (claims) => {
    const id = `${readKind(claims)}:${readSubject(claims)}`;
    if (!isQualifiedName(id)) throw invalid('the subject is too long');
    const teams = readTeams(claims);
    return Object.freeze({
      id,
      org: readOrg(claims),
      roles: Object.freeze(readRoles(claims)),
      ...(teams.length === 0 ? {} : { teams: Object.freeze(teams) }),
    });
  };
}

const isKind = (value: unknown): value is string => value === 'user' || value === 'service';
const isSubject = isQualifiedName;
type Form = (value: unknown) => value is string;

function fixedOrText(
  option: string,
  given: string | TextClaim,
  isValid: Form,
): (claims: Claims) => string {
  if (typeof given !== 'string') return textReader(option, given, isValid);
  if (!isValid(given)) throw new TypeError(`\`${option}\` is not valid`);
  return () => given;
}

function textReader(option: string, given: TextClaim, isValid: Form): (claims: Claims) => string {
  checkMembers(option, given, ['claim', 'map']);
  const path = claimPath(option, given.claim);
  const map = given.map === undefined ? undefined : meanings(option, given.map, isValid);
  const shown = showPath(path);
  return (claims) => {
    const [value, ...others] = listOf(valueAt(claims, path), shown);
    if (value === undefined) throw invalid(`${shown} is missing`);
    if (others.length > 0) throw invalid(`${shown} has several values`);
    const meaning = map === undefined ? value : map.get(value);
    if (meaning === undefined) throw invalid(`the value of ${shown} is not in the map`);
    if (!isValid(meaning)) throw invalid(`the value of ${shown} is not a valid name`);
    return meaning;
  };
}

function teamsReader(given: ClaimMapping['teams']): (claims: Claims) => string[] {
  if (given === undefined) return () => [];
  const { path, values } = valuesReader('claims.teams', given);
  const map = given.map === undefined ? undefined : meanings('claims.teams', given.map, isName);
  return (claims) => {
    const named = values(claims);
    const teams = map === undefined ? named : named.flatMap((value) => map.get(value) ?? []);
    const distinct = [...new Set(teams)].toSorted(compareText);
    if (!distinct.every(isName)) throw invalid(`a value of ${path} is not a valid name`);
    if (distinct.length > limits.teamsMax) throw invalid(`${path} gives too many teams`);
    return distinct;
  };
}

function rolesReader(given: ClaimMapping['roles']): (claims: Claims) => string[] {
  const { path, values } = valuesReader('claims.roles', given);
  checkMap('claims.roles', given.map);
  const map = new Map<string, readonly string[]>();
  for (const [value, meant] of Object.entries(given.map)) {
    const roles = listFrom(meant);
    if (!roles.every(isName)) throw new TypeError(`\`claims.roles.map\` holds no valid role`);
    map.set(value, roles);
  }
  return (claims) => {
    const roles = new Set(values(claims).flatMap((value) => map.get(value) ?? []));
    if (roles.size === 0) throw invalid(`no value of ${path} gives a role`);
    if (roles.size > limits.rolesMax) throw invalid(`${path} gives too many roles`);
    return [...roles].toSorted(compareText);
  };
}

function valuesReader(
  option: string,
  given: Omit<ListClaim<unknown>, 'map'>,
): { readonly path: string; readonly values: (claims: Claims) => readonly string[] } {
  checkMembers(option, given, ['claim', 'form', 'map']);
  const { form = 'list' } = given;
  if (form !== 'list' && form !== 'space-separated') {
    throw new TypeError(`\`${option}.form\` is neither \`list\` nor \`space-separated\``);
  }
  const path = claimPath(option, given.claim);
  const shown = showPath(path);
  return {
    path: shown,
    values(claims) {
      const value = valueAt(claims, path);
      if (value === undefined) throw invalid(`${shown} is missing`);
      if (form === 'list') return listOf(value, shown);
      if (typeof value !== 'string') throw invalid(`${shown} is not text`);
      return value.split(' ').filter((each) => each !== '');
    },
  };
}

function meanings(
  option: string,
  given: Readonly<Record<string, string>>,
  isValid: Form,
): ReadonlyMap<string, string> {
  checkMap(option, given);
  const entries = Object.entries(given);
  if (!entries.every(([, meaning]) => isValid(meaning))) {
    throw new TypeError(`\`${option}.map\` holds a value that is not valid`);
  }
  return new Map(entries);
}

function checkMap(option: string, given: unknown): void {
  if (isObject(given) && Object.keys(given).length > 0) return;
  throw new TypeError(`\`${option}.map\` is not an object with members`);
}

function valueAt(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const step of path) value = isObject(value) ? ownMember(value, step) : undefined;
  return value;
}

/** A claim as texts: one text is a list of one. */
function listOf(value: unknown, shown: string): readonly string[] {
  if (value === undefined) return [];
  const list = listFrom(value);
  const isText = (each: unknown): each is string => typeof each === 'string';
  if (!list.every(isText)) throw invalid(`${shown} holds something other than text`);
  return list;
}

function invalid(detail: string): AuthenticationError {
  return new AuthenticationError('claims-invalid', detail);
}
