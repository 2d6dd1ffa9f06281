/** What the demo tells at its end: what `verify` found, and what was to be seen and was. */
import { plainTable } from '../table.ts';
import { shown, terminal } from '../terminal.ts';
import type { Facts } from './facts.ts';
import type { Narrator } from './narrator.ts';
import type { Sight } from './sights.ts';

export function reportChecks(
  { verified, tampering, verifiedTampered }: Facts,
  narrator: Narrator,
): void {
  const { holds, entries, head, faults } = verified;
  narrator.fact(
    'verify',
    holds
      ? `the log holds: ${entries} entries, root ${head.root}`
      : `the log does not hold: ${faults[0]?.message ?? ''}`,
  );
  if (tampering === undefined) {
    narrator.fact('tamper', 'there is no denial in the log to tamper with');
    return;
  }
  narrator.fact('tamper', `in a copy, entry ${tampering.index} is turned from deny into allow`);
  const [fault] = verifiedTampered?.faults ?? [];
  narrator.fact(
    'verify',
    fault === undefined
      ? 'the copy holds'
      : `the copy does not hold: first bad entry ${fault.index ?? ''} (${fault.code}), ${fault.message}`,
  );
}

export function reportSights(
  sights: readonly Sight[],
  narrator: Narrator,
  keep: string | undefined,
): void {
  const passed = sights.every(({ seen }) => seen);
  if (narrator.isJson) {
    narrator.json({
      kind: 'summary',
      passed,
      sights,
      ...(keep === undefined ? {} : { kept: keep }),
    });
    return;
  }
  const { green, red } = narrator.colors;
  const rows = sights.map(({ what, seen, evidence }) => [
    what,
    seen ? 'yes' : 'NO',
    shown(evidence),
  ]);
  const columns = ['what was to be seen', 'seen', 'evidence'];
  const table = plainTable(columns, rows, narrator.colors, terminal().stdout.columns ?? 110);
  narrator.heading('Summary');
  narrator.block(table.replaceAll(/ yes(?= )/g, green(' yes')).replaceAll(/ NO(?= )/g, red(' NO')));
  if (keep !== undefined) {
    narrator.note(`Kept in ${keep}: control-plane.db, orders.db and the files.`);
  }
  const unseen = sights.filter(({ seen }) => !seen);
  if (!passed) narrator.block(red(`not seen: ${unseen.map(({ what }) => what).join('; ')}`));
}
