/** Anchors: heads of a log, written to a small file and kept elsewhere, that a later log has to continue. */
import { emptyRoot, isHash } from '../log/merkle.ts';
import { CommandError, messageOf } from './exit.ts';
import { readJsonFile } from './json-file.ts';
import { writeWhole } from './new-file.ts';

export interface Anchor {
  readonly log: string;
  readonly size: number;
  readonly root: string;
}

export function readAnchor(path: string, log: string): Anchor {
  const value = readJsonFile(path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnAnchor(path);
  // The last leaf stands in a head file, which is an anchor too.
  const { log: name, size, root, leaf: _, ...others } = value as Readonly<Record<string, unknown>>;
  const counted = Number.isSafeInteger(size) && (size as number) >= 0;
  if (typeof name !== 'string' || !counted || !isHash(root) || Object.keys(others).length > 0) {
    throw notAnAnchor(path);
  }
  if (name !== log) {
    throw new CommandError(`the anchor \`${path}\` is for log \`${name}\`, not \`${log}\``);
  }
  // Every log continues nothing: another root for it would pass unseen.
  if (size === 0 && root !== emptyRoot) throw notAnAnchor(path);
  return { log, size: size as number, root };
}

/** Never in place of another anchor: the older one may be the evidence. */
export function writeAnchor(path: string, anchor: Anchor): void {
  try {
    writeWhole(path, `${JSON.stringify(anchor)}\n`);
  } catch (failure) {
    const exists = (failure as NodeJS.ErrnoException).code === 'EEXIST';
    throw exists
      ? new CommandError(`\`${path}\` exists`, 'an anchor is not overwritten; choose another name')
      : new CommandError(`the head cannot be written: ${messageOf(failure)}`, '', {
          cause: failure,
        });
  }
}

function notAnAnchor(path: string): CommandError {
  return new CommandError(
    `\`${path}\` is not an anchor: it needs exactly log, size and root`,
    'write one with `agent-control-plane verify <file> --export-head <file.json>`',
  );
}
