/**
 * Source files as the tidy rules see them: text, syntax tree, imports and comments, read from disk or given
 * as a sample by the rules' own tests. Rules are pure functions from source files to problems.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/** What a rule found: `path:line: what is wrong; what to do`. */
export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

interface Comment {
  readonly line: number;
  readonly start: number;
  readonly text: string;
}

export interface Import {
  /** As written; empty where it is computed at run time. */
  readonly specifier: string;
  /** The file it names, relative to the root, where the specifier is relative. */
  readonly target: string | undefined;
  /** True where the whole import is erased. */
  readonly typeOnly: boolean;
  /** Imported names, `*` for all of them. */
  readonly names: readonly string[];
  readonly line: number;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
  readonly nodes: readonly SyntaxNode[];
  readonly parentOf: ReadonlyMap<SyntaxNode, SyntaxNode>;
  readonly lineAt: (offset: number) => number;
}

const skippedFolders = new Set(['node_modules', 'dist', 'coverage', '.git']);

/** Every file below a folder of the repository, as sorted paths relative to the root. */
export function listFiles(root: string, folder = ''): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name) && path !== 'bench/results') {
        found.push(...listFiles(root, path));
      }
    } else if (entry.isFile()) {
      found.push(path);
    }
  }
  return found.toSorted();
}

export function readSourceFile(root: string, path: string): SourceFile {
  return parseSource(path, readFileSync(join(root, path), 'utf8'));
}

export function parseSource(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text, { sourceType: 'module', lang: 'ts' });
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${path} does not parse: ${error.message}`);
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const lineAt = (offset: number): number => lineStarts.findLastIndex((s) => s <= offset) + 1;
  const parentOf = new Map<SyntaxNode, SyntaxNode>();
  const nodes: SyntaxNode[] = [];
  collectNodes(parsed.program, undefined, nodes, parentOf);
  return {
    path,
    text,
    lines: text.replace(/\n$/, '').split('\n'),
    comments: parsed.comments.map(({ start, value }) => ({
      line: lineAt(start),
      start,
      text: value,
    })),
    imports: nodes.flatMap((node) => importOf(path, node, lineAt)),
    nodes,
    parentOf,
    lineAt,
  };
}

/** The node below `key`, where there is one. */
export function child(node: SyntaxNode, key: string): SyntaxNode | undefined {
  const value = node[key];
  return isNode(value) ? value : undefined;
}

/** The name of an identifier, private name or property key. */
export function nameOf(node: SyntaxNode | undefined): string | undefined {
  const name = node?.['name'];
  return typeof name === 'string' ? name : undefined;
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

/** `src/kernel/policy/check.ts` is in room `kernel`; a file directly in `src` is in a room of its own name. */
export function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function collectNodes(
  value: unknown,
  parent: SyntaxNode | undefined,
  nodes: SyntaxNode[],
  parentOf: Map<SyntaxNode, SyntaxNode>,
): void {
  if (Array.isArray(value)) {
    for (const item of value) collectNodes(item, parent, nodes, parentOf);
  } else if (isNode(value)) {
    nodes.push(value);
    if (parent !== undefined) parentOf.set(value, parent);
    for (const key of Object.keys(value)) collectNodes(value[key], value, nodes, parentOf);
  }
}

const importTypes = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

function importOf(path: string, node: SyntaxNode, lineAt: (offset: number) => number): Import[] {
  if (!importTypes.has(node.type)) return [];
  const source = child(node, 'source') ?? child(node, 'argument');
  if (source === undefined) return [];
  const literal = child(source, 'literal') ?? source;
  const specifier = typeof literal['value'] === 'string' ? literal['value'] : '';
  const kind = node['importKind'] ?? node['exportKind'];
  const specifiers = (Array.isArray(node['specifiers']) ? node['specifiers'] : []).filter(isNode);
  const wholeModule = specifiers.length === 0 && node.type !== 'ImportDeclaration';
  return [
    {
      specifier,
      target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined,
      typeOnly: kind === 'type' || node.type === 'TSImportType',
      names: wholeModule ? ['*'] : specifiers.map(importedName),
      line: lineAt(node.start),
    },
  ];
}

function importedName(specifier: SyntaxNode): string {
  const imported = child(specifier, 'imported') ?? child(specifier, 'local');
  const plain = specifier.type === 'ImportSpecifier' || specifier.type === 'ExportSpecifier';
  return plain ? String(imported?.['name'] ?? imported?.['value']) : '*';
}
