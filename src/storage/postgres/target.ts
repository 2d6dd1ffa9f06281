/** Where a database is: what can be neither a URL nor a pool is refused before anything waits for it. */
import type { PostgresPool } from './pool.ts';
import { assertUrl } from './url.ts';

/** Throws a `TypeError`. */
export function assertTarget(target: string | PostgresPool): void {
  if (typeof target === 'string' && target !== '') return assertUrl(target);
  const pool: unknown = target;
  const isPool =
    typeof pool === 'object' &&
    pool !== null &&
    'connect' in pool &&
    'options' in pool &&
    typeof pool.options === 'object' &&
    pool.options !== null;
  if (isPool) return;
  const given = target === '' || !pool ? 'nothing: is the variable set that has it?' : 'neither';
  throw new TypeError(
    `\`postgres()\` takes the URL of a database or a pool of \`pg\`, and got ${given}`,
  );
}
