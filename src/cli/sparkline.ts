/** A row of bars, one for each value: how something went, at one look. */

const bars = '▁▂▃▄▅▆▇█';

/** The largest value is a full bar, nothing is a dot, and whatever is more than nothing is a bar. */
export function sparkline(values: readonly bigint[]): string {
  const largest = values.reduce((most, value) => (value > most ? value : most), 0n);
  return values
    .map((value) => {
      if (value <= 0n) return '.';
      const eighths = (value * 8n + largest - 1n) / largest;
      return bars[Number(eighths) - 1] ?? '.';
    })
    .join('');
}
