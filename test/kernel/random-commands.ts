/**
 * Random command sequences. A step is a word and a few small numbers, so that it shrinks and can be
 * written down; what it means depends on what is there when its turn comes (`commandOf`).
 */
import * as fc from 'fast-check';
import type {
  Amounts,
  Command,
  KillScope,
  PrincipalReference,
  SessionMode,
} from '../../src/kernel/index.ts';
import { agents, cast, digestOf, policyDocument, Stage, tools } from './stage.ts';

const frequencies = {
  open: 3,
  authorize: 12,
  start: 3,
  settle: 4,
  void: 1,
  'expire-permit': 2,
  approve: 4,
  deny: 1,
  cancel: 1,
  'expire-ticket': 1,
  kill: 1,
  release: 1,
  tick: 2,
  policy: 1,
  tool: 1,
  agent: 1,
  transition: 2,
  again: 3,
  deliver: 1,
  advance: 1,
} as const;

type StepKind = keyof typeof frequencies;
export type Step = readonly [StepKind, number, number, number];

const small = fc.nat(999);
const kinds = Object.entries(frequencies).flatMap(([kind, count]) =>
  Array.from({ length: count }, () => kind as StepKind),
);
const step = fc.tuple(fc.constantFrom(...kinds), small, small, small);

/** An opening that is not refused. */
const opening = fc.tuple(fc.constant('open' as const), fc.nat(6), fc.constant(0), small);

/** About thirty steps, after two openings, so that there is something to act on. */
export const steps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(opening, opening, fc.array(step, { maxLength: 60, size: 'max' }))
  .map(([first, second, rest]) => [first, second, ...rest]);

/** The list's element at a number that wraps around. */
function pick<T>(list: readonly T[], number: number): T {
  const found = list[number % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

const { ann, bob, sam, olga, pat, ada, vera, otherAnn, otherAda, system } = cast;
const everyone: readonly PrincipalReference[] = Object.values(cast);
const openers = [ann, ann, ann, bob, sam, olga, otherAnn, otherAda, pat];
const modes: readonly SessionMode[] = ['live', 'live', 'live', 'live', 'dry-run', 'replay'];
const budgets: readonly Amounts[] = [
  { usd: 100_000_000 },
  { usd: 20_000_000, actions: 6 },
  { usd: 100_000_000, tokens: 40, actions: 20 },
  { usd: 0 },
  { actions: 3 },
  {},
];

/** Tools with arguments. Few, so that calls repeat and meet their tickets. */
const calls: readonly (readonly [string, unknown])[] = [
  ['read', { name: 'a' }],
  ['read', { name: 'secret-1' }],
  ['read', { name: 7.5 }],
  ['pay', { to: 'x', amount: '5' }],
  ['pay', { to: 'x', amount: '60' }],
  ['pay', { to: 'x', amount: '60' }],
  ['pay', { to: 'y', amount: '60' }],
  ['pay', { to: 'x', amount: 0.5 }],
  ['mail', {}],
  ['wipe', {}],
  ['restart', { host: 'h' }],
  ['restart', { host: 'h' }],
  ['fetch', { host: 'good' }],
  ['fetch', { host: 'evil' }],
  ['fetch', {}],
  ['stray', {}],
  ['unheard-of', {}],
];
const estimates: readonly Amounts[] = [{}, {}, {}, { usd: 7_000_000 }, { tokens: 25 }];
const usages: readonly (Amounts | 'reserved')[] = [
  'reserved',
  'reserved',
  {},
  { usd: 1 },
  { usd: 0, tokens: 1, actions: 0 },
  { usd: 200_000_000 },
];
const scopes: readonly KillScope[] = [
  { kind: 'system' },
  { kind: 'org', org: 'acme' },
  { kind: 'org', org: 'zeta' },
  { kind: 'principal', org: 'acme', id: 'ann' },
  { kind: 'agent', org: 'acme', name: 'bot' },
  { kind: 'action', org: 'acme', name: 'pay.send' },
  { kind: 'tool', org: 'acme', name: 'restart' },
];

/**
 * Policies by number: the usual one, a stricter one, one that asks for everything, a broken one.
 */
export function policyVariant(variant: number, version: number): unknown {
  const usual = policyDocument(version);
  switch (variant % 6) {
    case 0:
      return { ...usual, tiers: { ...usual.tiers, blocked: ['pay.*'], autoApprove: ['web.*'] } };
    case 1:
      return { ...usual, tiers: { alwaysApprove: ['**'] }, approvals: { roles: ['admin'] } };
    case 2:
      return { ...usual, tiers: { blockd: ['**'] } };
    default:
      return { ...usual, name: `variant ${variant}` };
  }
}

/** The command of a step, or the milliseconds by which time moves on. */
export function commandOf([kind, a, b, c]: Step, stage: Stage): Command | number {
  const id = stage.nextId();
  const key = c % 5 === 0 ? { idempotencyKey: `k${c % 3}` } : {};
  switch (kind) {
    case 'tick':
      return pick([1, 1_000, 30_000, 61_000, 100_000, 400_000], a);
    case 'open': {
      const budget = pick(budgets, c);
      const known = stage.all('session').at(0)?.id;
      const session = a % 20 === 19 && known !== undefined ? known : `s-${id}`;
      const agent = pick(['bot', 'bot', 'bot', 'clerk', 'retired', 'ghost'], b);
      return {
        kind: 'open-session',
        id,
        by: pick(openers, a),
        session,
        agent,
        budget,
        ...key,
        mode: pick(modes, b + c),
        activate: a % 9 !== 8,
      };
    }
    case 'authorize':
      return authorization(id, a, b, c, stage);
    case 'start':
    case 'settle':
    case 'void':
    case 'expire-permit':
      // Where there is nothing to act on yet, most steps make something instead.
      return a % 8 > 0 && stage.all('decision').every(({ permit }) => permit === 'none')
        ? authorization(id, a, b, c, stage)
        : permitCommand(kind, id, [a, b, c], stage);
    case 'approve':
    case 'deny':
    case 'cancel':
    case 'expire-ticket': {
      const tickets = stage.all('ticket');
      if (tickets.length === 0 && a % 8 > 0) return authorization(id, a, b, c, stage);
      const open = tickets.filter(({ status }) => status === 'pending');
      const from = open.length > 0 && b % 6 > 0 ? open : tickets;
      const by =
        kind === 'expire-ticket'
          ? pick([system, system, ada], a)
          : pick([pat, ada, ...everyone], a);
      const word = kind === 'expire-ticket' ? kind : (`${kind}-ticket` as const);
      const ticket = from.length > 0 ? pick(from, c).id : 'none';
      return { kind: word, id, by, ticket, ...(kind === 'expire-ticket' ? {} : key) };
    }
    case 'kill':
    case 'release': {
      const by = pick([ada, ada, ada, olga, otherAda, ann, pat, vera], a);
      const word = kind === 'kill' ? 'engage-kill' : 'release-kill';
      const reason = a % 10 === 9 ? {} : { commitments: { reason: `salted ${id}` } };
      return { kind: word, id, by, scope: scopeFor(b, c, kind, stage), ...reason, ...key };
    }
    case 'policy': {
      const version = (stage.get('policy', 'active')?.version ?? 0) + pick([1, 1, 1, 2, 0, -1], b);
      const document = policyVariant(a, version);
      const by = pick([ada, ada, ada, ada, olga], c);
      return { kind: 'activate-policy', id, by, document, hash: JSON.stringify(document) };
    }
    case 'tool': {
      const tool = { ...pick([tools.pay, tools.restart], a), definition: `definition ${b % 4}` };
      return {
        kind: 'register-tool',
        id,
        by: pick([ada, ada, ada, ann], c),
        tool,
        replace: b % 5 > 0,
      };
    }
    case 'agent': {
      const by = pick([ada, ada, ada, olga, otherAda], c);
      const { org, name: agent, ...rest } = pick([agents.bot, agents.clerk], a);
      if (b % 3 === 0) {
        const actions = b % 2 === 0 ? ['**'] : ['file.*', 'pay.send'];
        const declared = { ...rest, org, name: agent, capabilities: [{ actions }] };
        return { kind: 'register-agent', id, by, agent: declared };
      }
      const transition = pick(['suspend', 'reinstate', 'reinstate', 'revoke'] as const, b);
      const reason = c % 10 === 9 ? {} : { commitments: { reason: `salted ${id}` } };
      return { kind: 'control-agent', id, by, org, agent, transition, ...reason };
    }
    case 'transition': {
      const session = anySession(b, stage);
      const by = pick([ann, ann, olga, ada, bob, otherAda, vera], a);
      const transition = pick(['pause', 'resume', 'activate', 'resume', 'complete', 'abort'], c);
      return { kind: 'transition-session', id, by, session, transition: transition as 'pause' };
    }
    case 'deliver':
    case 'advance': {
      const by = pick([system, system, system, ada, ann], a);
      const notifier = pick(['hook', 'hook', 'desk', 'no name'], b);
      const place = c % stage.log.length;
      return kind === 'advance'
        ? { kind: 'advance-notifier', id, by, notifier, cursor: place }
        : deliveryOf({ id, by, notifier, entry: place, attempts: 1 + (a % 3) });
    }
    case 'again':
      return repetition(id, a, b, stage) ?? 1;
  }
}

function deliveryOf(
  told: Omit<Extract<Command, { readonly kind: 'record-delivery' }>, 'kind' | 'outcome'>,
): Command {
  const outcome = told.attempts === 3 ? 'abandoned' : 'delivered';
  return { kind: 'record-delivery', ...told, outcome };
}

function anySession(number: number, stage: Stage): string {
  const ids = stage.all('session').map((session) => session.id);
  return pick([...ids, ...ids, ...ids, 'nowhere'], number);
}

function ownerOf(session: string, stage: Stage): PrincipalReference {
  const record = stage.get('session', session);
  const isOwner = ({ id, org }: PrincipalReference): boolean =>
    id === record?.principal && org === record.org;
  return everyone.find(isOwner) ?? ann;
}

function authorization(id: string, a: number, b: number, c: number, stage: Stage): Command {
  const approved = stage.all('ticket').filter(({ status }) => status === 'approved');
  const ticket = approved.length > 0 && c % 3 > 0 ? pick(approved, a) : undefined;
  const session = ticket?.session ?? anySession(a, stage);
  const by = c % 12 === 11 ? pick(everyone, a + b) : ownerOf(session, stage);
  const [tool, args] =
    calls.find(
      (call) => call[0] === ticket?.tool && digestOf(call[1]) === ticket.argumentsDigest,
    ) ?? pick(calls, b);
  const current = stage.get('tool', tool)?.definition ?? 'unregistered';
  return {
    kind: 'authorize',
    id,
    by,
    session,
    tool,
    arguments: args,
    definition: a % 15 === 14 ? 'another definition' : current,
    argumentsDigest: digestOf(args),
    estimate: pick(estimates, c),
    start: a % 2 === 0,
    ...(b % 4 === 0 ? { idempotencyKey: `a${c % 4}` } : {}),
  };
}

function permitCommand(
  kind: 'start' | 'settle' | 'void' | 'expire-permit',
  id: string,
  [a, b, c]: readonly [number, number, number],
  stage: Stage,
): Command {
  const decisions = stage.all('decision').filter((each) => each.permit !== 'none');
  const fitting = kind === 'start' || kind === 'void' ? 'issued' : 'started';
  const likely = decisions.filter((each) => each.permit === fitting);
  const from = likely.length > 0 && b % 6 > 0 ? likely : [...decisions, ...stage.all('decision')];
  const decision = from.length > 0 ? pick(from, a) : undefined;
  const owner = decision === undefined ? ann : ownerOf(decision.session, stage);
  const by =
    kind === 'expire-permit'
      ? pick([system, system, owner], b)
      : pick([owner, owner, owner, owner, bob], b);
  const permit = decision?.id ?? 'none';
  const key = c % 5 === 0 ? { idempotencyKey: `p${c % 3}` } : {};
  if (kind === 'start') return { kind: 'start-permit', id, by, permit, ...key };
  if (kind === 'void') return { kind: 'void-permit', id, by, permit, ...key };
  if (kind === 'expire-permit') return { kind, id, by, permit };
  const outcome = pick(['succeeded', 'failed', 'unknown'] as const, c);
  return { kind: 'settle-permit', id, by, permit, outcome, usage: pick(usages, c), ...key };
}

/** Any scope; for a release most often one that is engaged. */
function scopeFor(b: number, c: number, kind: 'kill' | 'release', stage: Stage): KillScope {
  const engaged = stage.log.flatMap(({ event }) =>
    event.type === 'kill-engaged' ? [event.data.scope] : [],
  );
  if (kind === 'release' && engaged.length > 0 && b % 6 > 0) return pick(engaged, b);
  const session: KillScope = { kind: 'session', org: 'acme', id: anySession(b, stage) };
  return pick([...scopes, session], c);
}

/** An earlier command with a key, sent again as it was or with another payload. */
function repetition(id: string, a: number, b: number, stage: Stage): Command | undefined {
  const keyed = stage.commands.filter((each) => each.idempotencyKey !== undefined);
  if (keyed.length === 0) return undefined;
  const command = pick(keyed, a);
  if (b % 3 > 0) return { ...command, id };
  switch (command.kind) {
    case 'authorize':
      return { ...command, id, start: !command.start };
    case 'settle-permit':
      return { ...command, id, usage: { usd: 77 } };
    case 'open-session':
      return { ...command, id, session: `s-${id}`, activate: !command.activate };
    default:
      return { ...command, id };
  }
}

/** Plays the steps on a stage that is ready; `each` sees every command with its answer's word. */
export function play(
  sequence: readonly Step[],
  stage: Stage = Stage.ready(),
  each?: (command: Command, word: string) => void,
): Stage {
  for (const one of sequence) {
    const command = commandOf(one, stage);
    if (typeof command === 'number') stage.now += command;
    else {
      const word = stage.wordFor(stage.submit(command));
      each?.(command, word);
    }
  }
  return stage;
}
