/** Which kill switches cover what, as the auditor reads it from the documents: by the keys of latches. */
import type { RawEntry } from './raw-entry.ts';

export function scopeKey(scope: Readonly<Record<string, string>>): string {
  const parts = [scope['kind'], scope['org'], scope['id'] ?? scope['name']];
  return parts.filter((part) => part !== undefined).join('|');
}

/** What covers work in a session: its own, and that of each session above. `line` is as they were opened. */
export function lineKeys(line: readonly RawEntry[]): readonly string[] {
  return line.flatMap(({ by: { org, id }, data: { agent, session } }) => [
    'system',
    `org|${org}`,
    `principal|${org}|${id}`,
    `agent|${org}|${agent}`,
    `session|${org}|${session}`,
  ]);
}

/** What covers a call beside its session. */
export function callKeys(
  { action, tool, model: asked, modelTerms, plans = [] }: RawEntry['data'],
  org: string,
): readonly string[] {
  // A ticket has the model's id alone.
  const id: unknown = modelTerms?.id ?? asked;
  const model = typeof id === 'string' ? [id] : [];
  return [
    `action|${org}|${action}`,
    `tool|${org}|${tool}`,
    ...model.flatMap((each) => [`model|*|${each}`, `model|${org}|${each}`]),
    ...plans.map((plan) => `budget|${plan.replace('/', '|')}`),
  ];
}
