/**
 * The testing kit: what tests of stores, tools and hosts need to be in charge of time, chance and
 * faults.
 */
export { FakeClock } from './fake-clock.ts';
export {
  type Fault,
  type FaultPlan,
  type FaultRates,
  type FaultyCall,
  FaultyStorage,
  noFaults,
  seededFaults,
} from './faulty-storage.ts';
export { Random } from './random.ts';
export { seededIds } from './seeded-ids.ts';
export {
  type ConformanceCase,
  storageConformance,
  type StoreUnderTest,
} from './storage-conformance.ts';
