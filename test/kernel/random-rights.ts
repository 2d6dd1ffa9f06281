/**
 * Random sequences about rights: keys and those who act with them, agents and who works on their behalf,
 * hand-offs, approvals with grants and edits, and changes that take two. As in `random-commands.ts` a step is
 * a word and a few small numbers, and what it means depends on what is there when its turn comes.
 */
import * as fc from 'fast-check';
import {
  type Command,
  type GrantTerms,
  latchKey,
  type PrincipalReference,
} from '../../src/kernel/index.ts';
import type { CallScope } from '../../src/kernel/rights/call-scope.ts';
import type { DelegationTerms } from '../../src/kernel/rights/delegation-terms.ts';
import {
  admins,
  atMost,
  calls,
  everyone,
  openers,
  people,
  pick,
  policyVariant,
  workers,
} from './rights-stage.ts';
import { digestOf, type Stage, tools } from './stage.ts';

const frequencies = {
  open: 3,
  below: 5,
  offer: 3,
  'take-up': 4,
  call: 14,
  'call-again': 10,
  start: 4,
  settle: 3,
  approve: 9,
  'revoke-grant': 2,
  'issue-key': 2,
  'revoke-key': 1,
  'control-agent': 2,
  kill: 1,
  release: 2,
  policy: 2,
  budget: 2,
  again: 5,
  tool: 1,
  tick: 3,
} as const;

type StepKind = keyof typeof frequencies;
export type RightsStep = readonly [StepKind, number, number, number];

const small = fc.nat(999);
const kinds = Object.entries(frequencies).flatMap(([kind, count]) =>
  Array.from({ length: count }, () => kind as StepKind),
);

/** Two sessions and a key first, so that there is something to act on and with. */
export const rightsSteps: fc.Arbitrary<readonly RightsStep[]> = fc
  .tuple(
    fc.tuple(fc.constant('issue-key' as const), small, small, fc.constant(0)),
    fc.tuple(fc.constant('open' as const), small, fc.constant(0), small),
    fc.tuple(fc.constant('open' as const), small, fc.constant(1), small),
    fc.array(fc.tuple(fc.constantFrom(...kinds), small, small, small), {
      maxLength: 140,
      size: 'max',
    }),
  )
  .map(([key, first, second, rest]) => [key, first, second, ...rest]);

const { ann, bob, sam, olga, pat, ada, max, dora, otherAnn, otherAda } = people;

/** The command of a step, or the milliseconds by which time moves on. */
export function rightsCommand([kind, a, b, c]: RightsStep, stage: Stage): Command | number {
  const id = stage.nextId();
  const reason = { commitments: { reason: `salted ${id}` } };
  switch (kind) {
    case 'tick':
      return pick([1, 1_000, 20_000, 1_000, 61_000, 150_000, 30_000, 1, 1_000, 86_400_000], a);
    case 'open':
      return opening(id, as(pick(openers, a), c, stage), pick(workers, b));
    case 'below': {
      const parent = sessionAt(a, stage);
      const by = as(b % 9 === 8 ? pick(everyone, c) : ownerOf(parent, stage), c, stage);
      const delegation = b % 3 === 0 ? {} : { delegation: termsOf(b, c, stage.now) };
      return { ...opening(id, by, delegateOf(parent, b, c, stage)), parent, ...delegation };
    }
    case 'offer': {
      const session = sessionAt(a, stage);
      const audience = b % 2 === 0 ? {} : { principal: pick(openers, c).id };
      return {
        kind: 'issue-handoff',
        id,
        by: as(ownerOf(session, stage), c, stage),
        session,
        handoff: id.replace(/\D/g, '').padStart(64, '0'),
        agent: delegateOf(session, b, c, stage),
        ...audience,
        delegation: termsOf(a, c, stage.now),
        budget: c % 2 === 0 ? {} : { usd: 70_000_000 },
        expiresAt: stage.now + pick([1_000, 100_000], c),
      };
    }
    case 'take-up': {
      const offers = stage.log.flatMap(({ event }) =>
        event.type === 'handoff-issued' ? [event.data] : [],
      );
      if (offers.length === 0) return opening(id, as(pick(openers, a), c, stage), pick(workers, b));
      const offer = pick(offers.toReversed(), a % 3);
      const named = everyone.find(({ id: who }) => who === offer.principal) ?? pick(openers, c);
      const by = as(b % 5 === 4 ? pick(openers, c) : named, c, stage);
      const agent = b % 7 === 6 ? pick(workers, c) : offer.agent;
      return { ...opening(id, by, agent), handoff: offer.handoff };
    }
    case 'call':
      return callOf(id, sessionAt(a, stage), pick(calls, b), [a, b, c], stage);
    case 'call-again':
      return callAgain(id, [a, b, c], stage);
    case 'start':
    case 'settle': {
      const fitting = stage
        .all('decision')
        .filter(({ permit }) => permit === (kind === 'start' ? 'issued' : 'started'));
      const decision = fitting.length === 0 ? undefined : pick(fitting, a);
      if (decision === undefined) return callAgain(id, [a, b, c], stage);
      const by = as(ownerOf(decision.session, stage), c, stage);
      return kind === 'start'
        ? { kind: 'start-permit', id, by, permit: decision.id }
        : {
            kind: 'settle-permit',
            id,
            by,
            permit: decision.id,
            outcome: 'succeeded',
            usage: 'reserved',
          };
    }
    case 'approve':
      return approval(id, [a, b, c], stage);
    case 'revoke-grant': {
      const holders = stage.all('grants').filter(({ grants }) => grants.length > 0);
      if (holders.length === 0) return approval(id, [a, b, c], stage);
      const { grants, org, principal, agent } = pick(holders, a);
      const grant = pick(grants, b).id;
      const holder = { org, principal, agent };
      return {
        kind: 'revoke-grant',
        id,
        by: as(pick([pat, olga, dora, sam], c), a, stage),
        grant,
        holder,
      };
    }
    case 'issue-key': {
      const whose = pick([ann, bob, sam, pat, max, otherAnn], b);
      const roles = c % 6 === 5 ? ['admin'] : [...whose.roles].slice(0, 1);
      const expiresAt = c % 4 === 3 ? { expiresAt: stage.now + 100_000 } : {};
      const key = { id: `k-${id}`, org: whose.org, principal: whose.id, roles, ...expiresAt };
      return {
        kind: 'issue-key',
        id,
        by: pick(admins, a),
        key: { ...key, secretHash: 'a'.repeat(64) },
      };
    }
    case 'revoke-key': {
      const keys = stage.all('key');
      const key = keys.length === 0 ? 'none' : pick(keys, a).id;
      return { kind: 'revoke-key', id, by: pick([ada, max, ann, otherAda], b), key };
    }
    case 'control-agent': {
      const transition = pick(
        ['suspend', 'reinstate', 'reinstate', 'reinstate', 'revoke'] as const,
        b,
      );
      const off = stage.all('agent').filter(({ status }) => status === 'suspended');
      const agent =
        transition === 'reinstate' && off.length > 0 ? pick(off, a).name : pick(workers, a);
      return { kind, id, by: pick(admins, c), org: '*', agent, transition, ...reason };
    }
    case 'kill':
    case 'release': {
      const scope = pick(
        [
          { kind: 'agent', org: 'acme', name: 'lead' },
          { kind: 'principal', org: 'acme', id: 'ann' },
          { kind: 'action', org: 'acme', name: 'pay.send' },
          { kind: 'session', org: 'acme', id: sessionAt(c, stage) },
        ] as const,
        a,
      );
      const word = kind === 'kill' ? 'engage-kill' : 'release-kill';
      const found = stage.log.flatMap(({ event }) =>
        event.type === 'kill-engaged' && stage.get('latch', latchKey(event.data.scope))?.engaged
          ? [event.data.scope]
          : [],
      );
      if (kind === 'release' && found.length === 0) return approval(id, [a, b, c], stage);
      const which = kind === 'release' && found.length > 0 ? pick(found, b) : scope;
      return { kind: word, id, by: pick(admins, b), scope: which, ...reason };
    }
    case 'policy': {
      const version = (stage.get('policy', 'active')?.version ?? 0) + 1;
      const document = policyVariant(a, version);
      return {
        kind: 'activate-policy',
        id,
        by: pick(admins, b),
        document,
        hash: JSON.stringify(document),
      };
    }
    case 'budget': {
      const scope = { kind: 'org', id: 'acme' };
      const terms = { scope, sharing: 'shared', window: 'unlimited', unit: 'usd' };
      const plan = { ...terms, id: `p${a % 2}`, limit: String(pick([200, 300, 500], b)) };
      return { kind: 'set-budget', id, by: pick(admins, c), org: 'acme', plan };
    }
    case 'tool': {
      const tool = { ...tools.restart, definition: `definition ${b % 3}` };
      return { kind: 'register-tool', id, by: ada, tool, replace: true };
    }
    case 'again':
      return repetition(id, a, b, stage) ?? approval(id, [a, b, c], stage);
  }
}

function opening(id: string, by: PrincipalReference, agent: string) {
  const session = { kind: 'open-session', id, by, session: `s-${id}`, agent } as const;
  return { ...session, mode: 'live', budget: { usd: 900_000_000 }, activate: true } as const;
}

/** Somebody as the host says, or as one of their keys does: any key, good or not, and now and then no key. */
function as(by: PrincipalReference, number: number, stage: Stage): PrincipalReference {
  if (number % 30 === 29) return { ...by, expiresAt: stage.now + (number % 3) - 1 };
  const keys = stage
    .all('key')
    .filter(({ principal, org }) => principal === by.id && org === by.org);
  if (number % 40 === 38) return { ...by, credential: stage.all('key').at(0)?.id ?? 'none' };
  if (number % 3 === 0 || keys.length === 0) return by;
  const { id: credential, roles } = pick(keys, number);
  return { ...by, via: 'api-key', roles, credential };
}

function sessionAt(number: number, stage: Stage): string {
  // The newest most often, and those of long lines: lines grow.
  const sessions = stage.all('session').toReversed();
  const below = sessions.filter(({ ancestors }) => ancestors !== undefined);
  const from = number % 2 === 0 && below.length > 0 ? below : sessions;
  return from.length === 0 ? 'nowhere' : pick(from, number % 5).id;
}

function ownerOf(session: string, stage: Stage): PrincipalReference {
  const record = stage.get('session', session);
  return everyone.find(({ id, org }) => id === record?.principal && org === record.org) ?? ann;
}

/** An agent to work on behalf of a session: mostly none that is in its line. */
function delegateOf(session: string, b: number, c: number, stage: Stage): string {
  const { agent = '', lineage } = stage.get('session', session) ?? {};
  const line = b % 6 === 5 ? [] : [agent, ...(lineage?.agents ?? [])];
  const free = workers.filter((name) => !line.includes(name));
  return pick(free.length === 0 ? workers : free, b + c);
}

function termsOf(b: number, c: number, now: number): DelegationTerms {
  const scopes: readonly Partial<CallScope>[] = [
    {},
    { actions: ['pay.*', 'file.*'] },
    { resources: ['account/x*', 'host/**'] },
    { when: atMost('70') },
  ];
  const expiresAt = c % 3 === 0 ? { expiresAt: now + 90_000 } : {};
  return { ...pick(scopes, b + c), ...expiresAt, ...(c % 4 === 1 ? { depth: b % 3 } : {}) };
}

function callOf(
  id: string,
  session: string,
  [tool, args]: (typeof calls)[number],
  [a, b, c]: readonly [number, number, number],
  stage: Stage,
): Command {
  const by = as(ownerOf(session, stage), c, stage);
  const definition = stage.get('tool', tool)?.definition ?? '';
  const digest = { arguments: args, argumentsDigest: digestOf(args) };
  const call = { kind: 'authorize', id, by, session, tool, definition, ...digest } as const;
  return { ...call, estimate: {}, start: (a + b) % 2 === 0 };
}

/** What was approved, if anything was, or a call of somebody who holds a grant. */
function callAgain(
  id: string,
  [a, b, c]: readonly [number, number, number],
  stage: Stage,
): Command {
  const approved = stage.all('ticket').filter(({ status }) => status === 'approved');
  if (approved.length > 0 && b % 2 > 0) {
    const { session, argumentsDigest } = pick(approved.toReversed(), a % 3);
    const call = calls.find(([, args]) => digestOf(args) === argumentsDigest);
    if (call !== undefined) return callOf(id, session, call, [a, b, c], stage);
  }
  const holders = stage.all('grants').filter((each) => each.grants.length > 0);
  const grants = holders.length === 0 ? undefined : pick(holders, c);
  const held = stage
    .all('session')
    .filter(({ agent, principal }) => agent === grants?.agent && principal === grants.principal);
  const session = held.length > 0 ? pick(held, a).id : sessionAt(a, stage);
  return callOf(id, session, pick(calls.slice(0, 4), b), [a, b, c], stage);
}

function approval(id: string, [a, b, c]: readonly [number, number, number], stage: Stage): Command {
  const pending = stage.all('ticket').filter(({ status }) => status === 'pending');
  const [some] = pending;
  if (some === undefined) return callOf(id, sessionAt(a, stage), pick(calls, b), [a, b, c], stage);
  const begun = pending.find(({ approvals = [] }) => approvals.length > 0);
  const ticket = begun !== undefined && a % 2 === 0 ? begun : pick(pending.toReversed(), a % 3);
  const likely = [pat, ada, dora, max, sam, pat, max];
  const by = as(pick(b % 4 === 3 ? everyone : likely, b + c), c, stage);
  const kind = c % 13 === 12 ? 'deny-ticket' : 'approve-ticket';
  const [, args] = pick(calls, b + c);
  const edit =
    kind === 'approve-ticket' && c % 5 === 0
      ? { edit: { arguments: args, argumentsDigest: digestOf(args) } }
      : {};
  // The same of two who approve together: it follows from the ticket.
  const number = Number(ticket.id.replace(/\D/g, ''));
  const grant =
    kind === 'approve-ticket' && number % 3 > 0
      ? { grant: grantOf(number, ticket.requestedAt) }
      : {};
  return { kind, id, by, ticket: ticket.id, ...edit, ...grant };
}

function grantOf(number: number, from: number): GrantTerms {
  const scopes: readonly CallScope[] = [
    { actions: ['pay.*', 'ops.*'] },
    { actions: ['**'], resources: ['account/x*', 'host/*'] },
    { actions: ['pay.send'], when: atMost('60') },
  ];
  return {
    ...pick(scopes, number),
    uses: pick([1, 2, 3, 8], number),
    cost: pick([{}, { usd: 100_000_000 }, { usd: 0 }], number),
    expiresAt: from + pick([95_000, 1_000_000], number),
    ...(number % 5 === 0 ? { sessionOnly: true as const } : {}),
  };
}

/** A change that waits for a second, asked for by another admin or by the same; or any command again. */
function repetition(id: string, a: number, b: number, stage: Stage): Command | undefined {
  const proposed = stage.log.flatMap(({ event, command }) =>
    event.type === 'change-proposed' ? [command] : [],
  );
  const last = proposed.at(-1 - (a % 2)) ?? proposed.at(-1);
  return last === undefined ? undefined : { ...last, id, by: pick(admins, b) };
}
