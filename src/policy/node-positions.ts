/** Where in a file each part of a document stands, found by the path that a finding names. */
import {
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  type Scalar,
} from 'yaml';
import type { PolicyFinding, Position, PositionedFinding } from './policy-finding.ts';

interface Found {
  readonly node: Node | null;
  readonly key: Node | null;
  /** How much of the path was found. */
  readonly depth: number;
}

export class NodePositions {
  readonly #root: ParsedNode | undefined;
  readonly #lines: LineCounter;
  readonly #file: string;
  readonly #text: string;

  constructor(
    root: ParsedNode | undefined,
    lines: LineCounter,
    { file, text }: { readonly file: string; readonly text: string },
  ) {
    this.#root = root;
    this.#lines = lines;
    this.#file = file;
    this.#text = text;
  }

  /** The finding with its place: of the key for what should not be there, else of the value. */
  locate(finding: PolicyFinding): PositionedFinding {
    const { span, code, path } = finding;
    const found = this.#find(path);
    const isKeyMeant = code === 'unknown-member' || !isScalar(found.node);
    const meant = isKeyMeant ? (found.key ?? found.node) : found.node;
    const start = meant?.range?.[0] ?? 0;
    const within = span === undefined ? 0 : this.#offsetWithin(textNode(found.node), span.offset);
    const from = span === undefined ? start : (textNode(found.node)?.range?.[0] ?? start);
    return { ...finding, file: this.#file, ...this.#position(from + within) };
  }

  /** The place of the value at a path, or of the innermost part of the path that is there. */
  at(path: string): Position {
    return this.#position(this.#find(path).node?.range?.[0] ?? 0);
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #find(path: string): Found {
    const root = this.#root ?? null;
    return deepest({ node: root, key: null, depth: 0 }, path);
  }

  /** From the start of a scalar to a character of its text: only where the two go side by side. */
  #offsetWithin(scalar: Scalar | undefined, offset: number): number {
    const [start = 0, end = 0] = scalar?.range ?? [];
    const written = this.#text.slice(start, end);
    const quote = scalar?.type === 'PLAIN' ? 0 : 1;
    const isBlock = scalar?.type?.startsWith('BLOCK') ?? true;
    if (isBlock || written.includes('\n') || /[\\]|''/.test(written)) return 0;
    return Math.min(offset + quote, Math.max(0, end - start - 1));
  }
}

/** CEL stands in the member itself or in its `cel`. */
function textNode(node: Node | null): Scalar | undefined {
  if (isScalar(node)) return node;
  if (!isMap(node)) return undefined;
  const cel = node.items.find(({ key }) => isScalar(key) && key.value === 'cel')?.value;
  return isScalar(cel) ? cel : undefined;
}

/** Names may have dots in them, so that every member that the path could go on with is tried. */
function deepest(from: Found, rest: string): Found {
  if (rest === '') return from;
  const { node, depth } = from;
  let best = from;
  const step = (to: Found, remaining: string): void => {
    const found = deepest(to, remaining);
    if (found.depth > best.depth) best = found;
  };
  if (isSeq(node)) {
    const [whole, position = ''] = /^\[(\d+)\]/.exec(rest) ?? [];
    const item = node.items[Number(position)] as Node | null | undefined;
    if (whole === undefined || item === undefined) return from;
    step({ node: item, key: null, depth: depth + whole.length }, rest.slice(whole.length));
  } else if (isMap(node)) {
    const name = rest.startsWith('.') ? rest.slice(1) : rest;
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const text = isScalar(key) ? String(key.value) : '';
      const after = name.slice(text.length);
      if (!name.startsWith(text) || !/^(?:$|[.[])/.test(after)) continue;
      step({ node: value, key, depth: depth + rest.length - after.length }, after);
    }
  }
  return best;
}
