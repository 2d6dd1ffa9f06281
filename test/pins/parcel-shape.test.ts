/**
 * What one process leaves to another to decide, and what it is answered, type by type, as in `parcel-shape.txt`.
 * A release reads the parcels of its own format alone. One that knew a member of a command less than another
 * would decide without it, and nobody would notice: with a change of these types `parcelFormat` is raised, unless
 * the release before decides and answers the same without the change.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '..', '..', 'src');
const format = /^const parcelFormat = (\d+);$/m;

test('the types of parcels are the pinned ones, or their format is another', async () => {
  const parcel = readFileSync(join(source, 'engine/store/parcel.ts'), 'utf8');
  const types = reachable(['Submission', 'ParcelReply'], declarations());
  const text = [`format ${format.exec(parcel)?.[1]}`, ...types].join('\n\n');
  // Vitest would write a file that is not there, and call it a match.
  expect(existsSync(join(import.meta.dirname, 'parcel-shape.txt'))).toBe(true);
  await expect(`${text}\n`).toMatchFileSnapshot('parcel-shape.txt');
});

test('they name no type of another room, which would not be pinned', () => {
  const types = reachable(['Submission', 'ParcelReply'], declarations());
  const named = types.flatMap((each) => each.replaceAll(/'[^']*'/g, '').match(/\b[A-Z]\w*/g) ?? []);
  const declared = new Set(types.map((each) => each.split(/\W/)[1]));
  const others = [...new Set(named)].filter((name) => !declared.has(name));
  // Those of the language.
  expect(others.toSorted()).toEqual(['Omit', 'Partial', 'Pick', 'Readonly', 'Record']);
});

test.each(['Command', 'Authorize', 'StoredAnswer', 'SessionRecord', 'CallScope', 'KillScope'])(
  '%s is among them',
  (name) => {
    const types = reachable(['Submission', 'ParcelReply'], declarations());
    expect(types.filter((each) => each.split(' ')[1] === name)).toHaveLength(1);
  },
);

/** Every declaration of a type or a constant at the top of a module, by name. */
function declarations(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const files = ['kernel', 'engine/store'].flatMap((room) =>
    globSync(join(source, room, '**/*.ts')).filter((path) => !path.endsWith('.test.ts')),
  );
  for (const path of files.toSorted()) {
    const text = readFileSync(path, 'utf8').replaceAll(/^ *(?:\/\*[^]*?\*\/|\/\/.*)\n/gm, '');
    for (const { 1: start = '', 2: name = '', index } of text.matchAll(
      /^(?:export )?((?:interface|type|const) (\w+))/gm,
    )) {
      const block = declaration(text.slice(index + text.slice(index).indexOf(start)));
      found.set(name, [...(found.get(name) ?? []), block]);
    }
  }
  return found;
}

/** Up to the end of the first line that closes all that is open, and is the last of a statement. */
function declaration(text: string): string {
  const lines: string[] = [];
  let depth = 0;
  for (const line of text.split('\n')) {
    lines.push(line);
    for (const { 0: bracket } of line.matchAll(/[{}[\]()]/g))
      depth += '{[('.includes(bracket) ? 1 : -1;
    if (depth === 0 && /[;}]$/.test(line)) break;
  }
  return lines.join('\n');
}

/** Those that are named, and those that these name, sorted. */
function reachable(
  names: readonly string[],
  known: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const reached = new Set(names);
  for (const name of reached) {
    for (const block of known.get(name) ?? []) {
      for (const [word] of block.matchAll(/\b[A-Za-z]\w*\b/g)) {
        const isType = /^[A-Z]/.test(word) || block.includes(`typeof ${word}`);
        if (isType && known.has(word)) reached.add(word);
      }
    }
  }
  return [...reached].toSorted().flatMap((name) => known.get(name) ?? []);
}
