/** Processor time, which the machine's stalls and neighbours change less than any clock's. */

/** Of all threads of this process since it started, µs. */
export function processorUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
