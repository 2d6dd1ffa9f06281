/** The pinned tools of a log, with their definitions: what `mcp inspect` and `mcp approve-tool` show. */
import type { ToolDeclaration } from '../../engine/index.ts';
import { injectionSignals } from '../../evaluators/index.ts';
import { compareText, type RecordsByKind } from '../../kernel/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { recordsOf } from '../record-list.ts';
import { differenceOf, type Difference } from './tool-difference.ts';

export interface PinnedTool {
  readonly name: string;
  readonly server: string;
  readonly action: string;
  readonly resource: string;
  readonly state: 'registered' | 'new' | 'changed';
  /** Hash of what is there now: the registered definition, or the one that waits. */
  readonly definition: string;
  /** What is there now, as it was pinned; undefined where it was erased. */
  readonly declared: ToolDeclaration | undefined;
  /** Of a changed tool: what is other than it was. */
  readonly difference: readonly Difference[];
  /** What looks as if it were written to steer a model, or to hide something. */
  readonly signals: readonly string[];
}

/** Tools of somebody else, by name; those of the host have no definition beside the log. */
export async function pinnedTools(storage: Storage): Promise<readonly PinnedTool[]> {
  const found: PinnedTool[] = [];
  for await (const record of recordsOf(storage, 'tool')) {
    const tool = await pinnedTool(storage, record);
    if (tool !== undefined) found.push(tool);
  }
  return found.toSorted((left, right) => compareText(left.name, right.name));
}

async function pinnedTool(
  storage: Storage,
  record: RecordsByKind['tool'],
): Promise<PinnedTool | undefined> {
  const { name, changedIndex, quarantine } = record;
  const now = quarantine?.tool ?? record;
  const declared = await definitionAt(storage, quarantine?.index ?? changedIndex);
  if (declared === undefined && quarantine === undefined) return undefined;
  const isChanged = quarantine?.wasApproved === true;
  const before = isChanged ? await definitionAt(storage, changedIndex) : undefined;
  const server = declared?.foreign?.['server'];
  return {
    name,
    server: typeof server === 'string' ? server : '-',
    action: now.action,
    resource: now.resource,
    state: quarantine === undefined ? 'registered' : isChanged ? 'changed' : 'new',
    definition: now.definition,
    declared,
    difference:
      declared === undefined || before === undefined ? [] : differenceOf(before, declared),
    signals: declared === undefined ? [] : [...injectionSignals(textsOf(declared)).keys()],
  };
}

async function definitionAt(storage: Storage, index: number): Promise<ToolDeclaration | undefined> {
  const contents = await storage.readContents(index, index + 1);
  const text = contents.find(({ field }) => field === 'definition')?.text;
  return text === undefined ? undefined : (JSON.parse(text) as ToolDeclaration);
}

function textsOf(value: unknown): string {
  const texts: string[] = [];
  JSON.parse(JSON.stringify(value), (member, each: unknown) => {
    texts.push(member);
    if (typeof each === 'string') texts.push(each);
    return each;
  });
  return texts.join('\n');
}
