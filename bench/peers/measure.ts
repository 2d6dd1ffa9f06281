/**
 * Sets up every engine at every size, compares verdicts, lets all take turns, and says what came out.
 *
 * A bar compares with whichever peer was the fastest at that size, split by hand or not.
 */
import { FindingsBuilder } from '../findings.ts';
import { progressOf } from '../progress.ts';
import type { SectionReport } from '../report.ts';
import { type Metric, type Rounds, runRounds } from '../rounds.ts';
import { agentGovernance } from './agent-governance.ts';
import { casbin } from './casbin.ts';
import { cedar } from './cedar.ts';
import { ComparedContender, type Pace } from './contenders.ts';
import { type Peer, peerOf, perAction, type Prepared } from './engine.ts';
import { opa } from './opa.ts';
import { ours } from './ours.ts';
import { samePolicy, sameRequests, type SameRequests } from './same-policy.ts';

export interface Plan extends Pace {
  readonly rounds: number;
}

const ruleCounts = [1, 100, 1_000, 10_000] as const;
const ourPeer = peerOf(ours);
const wholePeers: readonly Peer[] = [
  peerOf(casbin),
  peerOf(cedar),
  peerOf(agentGovernance),
  peerOf(opa),
];
const splitPeers: readonly Peer[] = [
  peerOf(perAction(casbin)),
  peerOf(perAction(cedar)),
  peerOf(perAction(agentGovernance)),
  peerOf(perAction(opa)),
];

const progress = progressOf('peers');

/** One engine at one size, with what its setup found. */
interface Entrant {
  readonly name: string;
  readonly setupMs: number;
  readonly contender: ComparedContender;
}

interface Size {
  readonly rules: number;
  readonly ours: Entrant;
  readonly peers: readonly Entrant[];
}

export async function measurePeers(plan: Plan): Promise<readonly SectionReport[]> {
  const sizes: Size[] = [];
  for (const rules of ruleCounts) sizes.push(await setUp(rules, plan));
  // Each engine's sizes one after the other: growth is a smaller ratio than that between engines.
  const entrants = sizes.flatMap((size) => [size.ours, ...size.peers]);
  const names = [...new Set(entrants.map(({ name }) => name))];
  const contenders = names.flatMap((wanted) =>
    entrants.filter(({ name }) => name === wanted).map(({ contender }) => contender),
  );
  const rounds = await runRounds(contenders, { rounds: plan.rounds, progress });
  const reports = sizes.map((size) => reportOf(size, rounds));
  return [...reports, growth(sizes, rounds)];
}

async function setUp(rules: number, plan: Plan): Promise<Size> {
  const policy = samePolicy(rules);
  const requests = sameRequests(policy);
  const mine = await ourPeer.prepare(policy, requests);
  const expected = requests.all.map((_, index) => mine.decide(index));
  checkExpected(rules, requests, expected);
  const entrant = (name: string, prepared: Prepared): Entrant => {
    progress(`${countText(rules)}: comparing ${name}`);
    const subject = { name: `${name}, ${countText(rules)}`, prepared, requests, expected };
    const contender = new ComparedContender(subject, plan);
    contender.compare(plan.compareMs);
    return { name, setupMs: prepared.setupMs, contender };
  };
  const peers: Entrant[] = [];
  // Where there is one action, there is nothing to split.
  for (const peer of policy.actions.length > 1 ? [...wholePeers, ...splitPeers] : wholePeers) {
    peers.push(entrant(peer.name, await peer.prepare(policy, requests)));
  }
  return { rules, ours: entrant(ourPeer.name, mine), peers };
}

/** Ours is what the others are compared with, so it is held against what the requests were made for. */
function checkExpected(rules: number, requests: SameRequests, expected: readonly boolean[]): void {
  if (rules === 1) return;
  const wrong = requests.allowed.findIndex((allowed, index) => allowed !== expected[index]);
  if (wrong < 0) return;
  throw new Error(`agent-control-plane is wrong about ${JSON.stringify(requests.all[wrong])}`);
}

function reportOf({ rules, ours: mine, peers }: Size, rounds: Rounds): SectionReport {
  const found = new FindingsBuilder();
  const size = countText(rules);
  const speed = ({ contender }: Entrant): Metric => [contender.name, 'nsPerOp'];
  for (const each of [mine, ...peers]) {
    found.figure(`${each.name}, ${size}`, rounds.spread(...speed(each)), 'ns/op');
  }
  for (const peer of peers) {
    const ratio = rounds.ratio(speed(peer), speed(mine));
    found.figure(`${peer.name} / ours, ${size}`, ratio, '×');
  }
  for (const each of [mine, ...peers]) {
    found.figure(`${each.name}, ${size}: setup, once`, each.setupMs, 'ms');
  }
  const compared = Math.min(...peers.map(({ contender }) => contender.compared));
  found.figure(`verdicts compared, ${size}, fewest of a peer`, compared, 'verdicts');
  const [fastest] = peers.toSorted(
    (left, right) => rounds.spread(...speed(left)).median - rounds.spread(...speed(right)).median,
  );
  if (fastest === undefined) throw new Error('there are no peers');
  const ratio = rounds.ratio(speed(mine), speed(fastest));
  found.atMost(`ours / fastest peer (${fastest.name}), ${size}`, 1, ratio, '×');
  return { title: `A policy of ${size}`, ...members(found) };
}

function growth(sizes: readonly Size[], rounds: Rounds): SectionReport {
  const found = new FindingsBuilder();
  const ratio = (name: string): void => {
    const over = `${name}, ${countText(10_000)}`;
    const under = `${name}, ${countText(100)}`;
    const spread = rounds.ratio([over, 'nsPerOp'], [under, 'nsPerOp']);
    if (name === ourPeer.name) found.atMost('ours: 10,000 rules / 100 rules', 1.5, spread, '×');
    else found.figure(`${name}: 10,000 rules / 100 rules`, spread, '×');
  };
  ratio(ourPeer.name);
  for (const { name } of sizes.at(-1)?.peers ?? []) ratio(name);
  return { title: 'Growth with the number of rules', ...members(found) };
}

function members({ figures, bars, notMeasured }: FindingsBuilder): Omit<SectionReport, 'title'> {
  return { figures, bars, notMeasured };
}

function countText(rules: number): string {
  return rules === 1 ? '1 rule' : `${rules.toLocaleString('en')} rules`;
}
