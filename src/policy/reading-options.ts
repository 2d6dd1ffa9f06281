/** Options of those who read what people wrote: what is misspelt is refused; it may have been the tools. */
import { isOpaque } from '../kernel/index.ts';

/** Throws a `TypeError` where the options of `reader` have a member that is not listed, or can have none. */
export function assertOptions(reader: string, options: object, known: readonly string[]): void {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (!isObject || isOpaque(options)) {
    throw new TypeError(`the options of \`${reader}\` are no object with members`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw new TypeError(`\`${reader}\` has no option \`${unknown}\`; known are ${names}`);
}
