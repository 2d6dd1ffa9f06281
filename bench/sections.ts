/** The sections by name. Each runs as an errand, so that none inherits another's heap. */
import { awakeClock, machineMs } from './awake.ts';
import { measureBudgets } from './budgets.ts';
import { measureDurable } from './durable.ts';
import { measureEvaluate } from './evaluate.ts';
import type { Findings } from './findings.ts';
import { measureGrowth } from './growth.ts';
import { measureMcp } from './mcp.ts';
import { measureMemory } from './memory.ts';
import { measureOpen } from './open-log.ts';
import type { Plan, SectionName } from './options.ts';
import { measurePostgres } from './postgres.ts';
import { measureProcesses } from './processes.ts';
import { measureStoreAlone } from './store-alone.ts';

const sections: Readonly<Record<SectionName, (plan: Plan) => Promise<Findings>>> = {
  evaluate: measureEvaluate,
  durable: measureDurable,
  'store-alone': measureStoreAlone,
  budgets: measureBudgets,
  processes: measureProcesses,
  postgres: measurePostgres,
  mcp: measureMcp,
  memory: measureMemory,
  growth: measureGrowth,
  open: measureOpen,
};

export async function run(input: {
  readonly section: SectionName;
  readonly plan: Plan;
}): Promise<Findings> {
  const clock = await awakeClock();
  const start = machineMs();
  const { figures, bars, notMeasured } = await sections[input.section](input.plan);
  const end = machineMs();
  const value = (clock.stalled(start, end) / (end - start)) * 100;
  const stalled = { name: `${input.section}: time the machine stood still`, value, unit: '%' };
  return { figures: [...figures, stalled], bars, notMeasured };
}
