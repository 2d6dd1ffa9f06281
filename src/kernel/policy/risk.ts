/** Risk levels, lowest first. A level comes from the policy, never from what an agent says. */
export const riskLevels = ['low', 'medium', 'high', 'critical'] as const;
export type RiskLevel = (typeof riskLevels)[number];

export function isRiskLevel(value: unknown): value is RiskLevel {
  return (riskLevels as readonly unknown[]).includes(value);
}

/** Whether `level` is at or below `ceiling`. */
export function withinRisk(level: RiskLevel, ceiling: RiskLevel): boolean {
  return riskLevels.indexOf(level) <= riskLevels.indexOf(ceiling);
}
