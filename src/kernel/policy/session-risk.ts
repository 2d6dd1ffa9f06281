/**
 * Risk that a session gathers: points for what it was allowed, which leak away with time, and named
 * sequences of actions. Both can raise the risk of the very action that crosses the line.
 *
 * Everything is whole numbers and log time, so that every machine and every replay comes to the same level.
 * Memory is bounded: a sequence keeps one moment for each of its steps, however long the session.
 */
import type { StageVerdict } from './evaluator-fact.ts';
import type { Matcher } from './glob.ts';
import { type RiskLevel, riskLevels } from './risk.ts';

/** What a session remembers of the actions it was allowed. Part of its record. */
export interface SessionHistory {
  readonly allowed: number;
  readonly denied: number;
  /** Allowed actions by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** Labels that rules have set, sorted. They stay. */
  readonly labels: readonly string[];
  /** Thousandths of a point, as they stood at a log time. */
  readonly score: { readonly milli: number; readonly at: number };
  /** By sequence: for each number of steps taken, when the latest run that got so far began. */
  readonly runs: Readonly<Record<string, SequenceRuns>>;
  /** How what came in last was judged; not there before anything was. */
  readonly input?: ScreenedInput;
}

export interface ScreenedInput extends StageVerdict {
  /** Which input guardrails judged it: a policy with others asks again. */
  readonly under: string;
}

/** Where a run began: log time, and how many actions had been allowed before. */
export interface RunStart {
  readonly at: number;
  readonly nth: number;
}
export type SequenceRuns = readonly (RunStart | null)[];

export const emptyHistory: SessionHistory = Object.freeze({
  allowed: 0,
  denied: 0,
  counts: Object.freeze({}),
  labels: Object.freeze([]),
  score: Object.freeze({ milli: 0, at: 0 }),
  runs: Object.freeze({}),
});

export interface CompiledSequence {
  readonly id: string;
  /** Names the sequence and its steps: a changed policy does not go on with another one's runs. */
  readonly key: string;
  readonly steps: readonly Matcher[];
  readonly withinMs: number;
  readonly withinActions: number;
  readonly raiseTo: RiskLevel;
  readonly reason: string;
}

export interface CompiledRisk {
  /** Points of an allowed action, by its base risk. */
  readonly points: Readonly<Record<RiskLevel, number>>;
  /** The score from which a session has a level, highest level first. */
  readonly thresholds: readonly (readonly [level: RiskLevel, points: number])[];
  readonly decayPerMinute: number;
  readonly sequences: readonly CompiledSequence[];
}

/** Why a risk was raised: the score, or a sequence by its id. */
export interface Escalation {
  readonly cause: string;
  readonly level: RiskLevel;
  readonly reason: string;
}

export interface RiskAssessment {
  /** The action's own risk, before anything the session did. */
  readonly base: RiskLevel;
  readonly level: RiskLevel;
  readonly escalations: readonly Escalation[];
  /** What the session remembers if the action is allowed. */
  readonly score: { readonly milli: number; readonly at: number };
  readonly runs: Readonly<Record<string, SequenceRuns>>;
}

const msPerMinute = 60_000;

/** The score as it is at `now`: it leaks evenly and never below nothing. */
function scoreAt(risk: CompiledRisk, history: SessionHistory, now: number): number {
  const { milli, at } = history.score;
  const elapsedMs = Math.max(0, now - at);
  const leaked = Math.floor((elapsedMs * risk.decayPerMinute * 1_000) / msPerMinute);
  return Math.max(0, milli - leaked);
}

/** The risk of an action of level `base` after what the session has done, this action included. */
export function assessRisk(
  risk: CompiledRisk,
  history: SessionHistory,
  action: { readonly name: string; readonly base: RiskLevel; readonly now: number },
): RiskAssessment {
  const { name, base, now } = action;
  const milli = scoreAt(risk, history, now) + risk.points[base] * 1_000;
  const escalations: Escalation[] = [];
  const reached = risk.thresholds.find(([, points]) => milli >= points * 1_000);
  if (reached !== undefined) {
    const [level, points] = reached;
    const reason = `the session's risk score is ${milli / 1_000}, of ${points} for \`${level}\``;
    escalations.push({ cause: 'score', level, reason });
  }
  const runs: Record<string, SequenceRuns> = {};
  for (const sequence of risk.sequences) {
    const before = history.runs[sequence.key] ?? sequence.steps.map(() => null);
    const here: RunStart = { at: now, nth: history.allowed };
    const { after, completed } = advance(sequence, before, name, here);
    if (after.some((start) => start !== null)) runs[sequence.key] = after;
    if (!completed) continue;
    const { id, raiseTo, reason } = sequence;
    escalations.push({ cause: `sequence:${id}`, level: raiseTo, reason });
  }
  const above = escalations.filter(({ level }) => rank(level) > rank(base));
  const level = above.reduce<RiskLevel>((most, each) => higher(most, each.level), base);
  return { base, level, escalations: above, score: { milli, at: now }, runs };
}

/**
 * Other actions may lie between the steps. Of several runs that got equally far, only the one that began
 * last is kept: whatever another could complete within the window, it can.
 */
function advance(
  sequence: CompiledSequence,
  before: SequenceRuns,
  name: string,
  here: RunStart,
): { readonly after: SequenceRuns; readonly completed: boolean } {
  const { steps, withinMs, withinActions } = sequence;
  const inTime = (start: RunStart | null): RunStart | null => {
    if (start === null) return null;
    return here.at - start.at <= withinMs && here.nth - start.nth < withinActions ? start : null;
  };
  const after = before.map(inTime);
  // From the last step back, so that one action does not count for two steps of one run.
  for (let step = steps.length - 1; step >= 0; step -= 1) {
    if (steps[step]?.(name) !== true) continue;
    const start = step === 0 ? here : (after[step - 1] ?? null);
    if (start === null) continue;
    // Fired once for each occurrence: what completed starts from nothing.
    if (step === steps.length - 1) return { after: steps.map(() => null), completed: true };
    after[step] = start;
  }
  return { after, completed: false };
}

export function rank(level: RiskLevel): number {
  return riskLevels.indexOf(level);
}

export function higher(left: RiskLevel, right: RiskLevel): RiskLevel {
  return rank(left) >= rank(right) ? left : right;
}
