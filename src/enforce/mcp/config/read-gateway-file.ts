/**
 * Reads a gateway's configuration, as plain data from YAML or JSON. Strict: an unknown member, a server name
 * that could be misread, a variable that is not set, a budget that would be new with each connection are
 * refused with their path.
 */
import type { AgentDeclaration } from '../../../engine/index.ts';
import type { Authenticator } from '../../../identity/authenticator.ts';
import { isName, isQualifiedName, limits, parseAmounts } from '../../../kernel/index.ts';
import {
  type ApprovalTerms,
  configLimits,
  type GatewayConfig,
  type ResultTerms,
  type ServerConfig,
  sessionKeyPrefix,
  type SessionTerms,
  type WaitTerms,
} from './config.ts';
import { readAuthenticators } from './read-authenticators.ts';
import { readHttp } from './read-http.ts';
import { type Environment, firstSightOf, readServer } from './read-server.ts';
import {
  configurationProblem,
  flag,
  listOf,
  mapOf,
  Members,
  membersOf,
  oneOf,
  text,
  textThat,
  wholeNumber,
} from './strict-reader.ts';

/** What is written in one file: the gateway, and where the command line finds policy and store. */
export interface GatewayFile {
  readonly config: GatewayConfig;
  readonly policy: string | undefined;
  readonly store: string | undefined;
  /** For the options of the control plane that the gateway is on. */
  readonly authenticators: readonly Authenticator[];
}

const plainName = textThat(isName, 'must be a name: letters, digits, `_`, `.` and `-`');
const keyLengthMax = limits.idempotencyKeyLengthMax - sessionKeyPrefix.length;
const sessionKey = textThat(
  isSessionKey,
  `must be 1 to ${keyLengthMax} printable characters of ASCII without spaces`,
);
const qualified = textThat(isQualifiedName, 'must be an id, such as user:ada');

/** Throws `input-invalid` with the path of what is wrong. */
export function readGatewayFile(value: unknown, environment: Environment): GatewayFile {
  const members = new Members(value, '');
  members.required('format', (format, path) => {
    if (format !== 1) throw configurationProblem(path, 'must be 1');
  });
  const policy = members.optional('policy', text);
  const store = members.optional('store', text);
  const firstSight = members.optional('firstSight', firstSightOf);
  const servers = [
    ...members
      .required(
        'servers',
        mapOf((each, path, name) => readServer(each, { path, name, environment, firstSight })),
      )
      .values(),
  ];
  const issuers = [...(members.optional('authenticators', readAuthenticators)?.values() ?? [])];
  const byWay = new Map(issuers.map(({ authenticator, issuer }) => [authenticator.name, issuer]));
  const config = {
    servers,
    isPrefixed: isPrefixed(members, servers),
    principal: members.required('principal', (each, at) => readPrincipal(each, at, ['agent'])),
    agent: members.required('agent', readAgent),
    session: members.optional('session', readSession) ?? { key: undefined, budget: undefined },
    approvals: members.optional('approvals', readApprovals) ?? { atClient: undefined, waitMs: 0 },
    waits: members.optional('waits', readWaits) ?? defaultWaits,
    results: members.optional('results', readResults) ?? { hiddenCharacters: 'mark' as const },
    http: members.optional('http', (each, at) => readHttp(each, at, byWay)),
  };
  members.end();
  if (issuers.length > 0 && config.http === undefined) {
    throw configurationProblem('authenticators', 'are for clients over `http`, which is missing');
  }
  if (config.http?.session === 'connection' && config.session.key !== undefined) {
    const problem =
      'must be `principal` with `session.key`, which is one session for all connections';
    throw configurationProblem('http.session', problem);
  }
  if (config.approvals.atClient?.id === config.principal.id) {
    const problem = 'is the principal that asks, and nobody approves what they ask for';
    throw configurationProblem('approvals.atClient.id', problem);
  }
  const authenticators = issuers.map(({ authenticator }) => authenticator);
  return { config, policy, store, authenticators };
}

function isPrefixed(members: Members, servers: readonly ServerConfig[]): boolean {
  const path = members.pathOf('servers');
  if (servers.length === 0) throw configurationProblem(path, 'names no server');
  if (servers.length > configLimits.serversMax) {
    throw configurationProblem(path, `names more than ${configLimits.serversMax} servers`);
  }
  const prefix = members.optional('prefix', flag) ?? true;
  if (!prefix && servers.length > 1) {
    const problem = 'must be true: with several servers, names without a prefix are ambiguous';
    throw configurationProblem(members.pathOf('prefix'), problem);
  }
  return prefix;
}

const defaultWaits: WaitTerms = { readyMs: configLimits.readyMs, listMs: configLimits.listMs };

function readWaits(value: unknown, path: string): WaitTerms {
  const members = new Members(value, path);
  const ms = wholeNumber(100, configLimits.timeoutMsMax);
  const waits = {
    readyMs: members.optional('readyMs', ms) ?? defaultWaits.readyMs,
    listMs: members.optional('listMs', ms) ?? defaultWaits.listMs,
  };
  members.end();
  return waits;
}

function readApprovals(value: unknown, path: string): ApprovalTerms {
  const members = new Members(value, path);
  const approvals = {
    atClient: members.optional('atClient', (each, at) => readPrincipal(each, at, ['approver'])),
    waitMs: members.optional('waitMs', wholeNumber(0, configLimits.timeoutMsMax)) ?? 0,
  };
  members.end();
  return approvals;
}

function readPrincipal(
  value: unknown,
  path: string,
  roles: readonly string[],
): GatewayConfig['principal'] {
  const members = new Members(value, path);
  const principal = {
    id: members.required('id', qualified),
    org: members.required('org', plainName),
    roles: members.optional('roles', listOf(plainName)) ?? roles,
    teams: members.optional('teams', listOf(plainName)) ?? [],
  };
  members.end();
  return principal;
}

function readAgent(value: unknown, path: string): AgentDeclaration {
  if (typeof value === 'string') return { name: plainName(value, path) };
  const members = new Members(value, path);
  const agent = {
    name: members.required('name', plainName),
    version: members.optional('version', plainName),
    owner: members.optional('owner', qualified),
    actions: members.optional('actions', listOf(text)),
  };
  members.end();
  return Object.fromEntries(
    Object.entries(agent).filter(([, each]) => each !== undefined),
  ) as unknown as AgentDeclaration;
}

function readSession(value: unknown, path: string): SessionTerms {
  const members = new Members(value, path);
  const key = members.optional('key', sessionKey);
  const budget = members.optional('budget', readBudget);
  members.end();
  if (budget !== undefined && key === undefined) {
    const problem =
      'needs a `key` beside it: a budget that is new with each connection bounds nothing. ' +
      'For a budget over connections, set a budget plan';
    throw configurationProblem(members.pathOf('budget'), problem);
  }
  return { key, budget };
}

/** With another one no session could be opened, and each client would be refused. */
function isSessionKey(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && value.length <= keyLengthMax;
}

function readBudget(value: unknown, path: string): Readonly<Record<string, string | number>> {
  for (const [unit, amount] of membersOf(value, path)) {
    const isAmount = typeof amount === 'string' || typeof amount === 'number';
    if (isAmount && parseAmounts({ [unit]: amount }) !== undefined) continue;
    const problem = 'must be an exact amount in its unit: a text such as "4.50", or a whole number';
    throw configurationProblem(`${path}.${unit}`, problem);
  }
  return value as Readonly<Record<string, string | number>>;
}

function readResults(value: unknown, path: string): ResultTerms {
  const members = new Members(value, path);
  const hiddenCharacters =
    members.optional('hiddenCharacters', oneOf(['mark', 'strip'])) ?? ('mark' as const);
  members.end();
  return { hiddenCharacters };
}
