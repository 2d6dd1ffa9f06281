/**
 * Reads YAML 1.2 (so also JSON) into plain data, with the place of every node. Whatever could be read in two
 * ways is a finding: duplicate keys, aliases, merge keys, tags, a second document, keys that are no text, and
 * numbers that are not the exact decimal they show.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseAllDocuments,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { limits } from '../kernel/index.ts';
import { NodePositions } from './node-positions.ts';
import type { PositionedFinding, PolicyFindingCode } from './policy-finding.ts';
import { withFix } from './policy-finding.ts';

export interface YamlText {
  readonly value: unknown;
  readonly positions: NodePositions;
}

interface Reading {
  readonly lines: LineCounter;
  add(code: PolicyFindingCode, offset: number, path: string, message: string): void;
}

/** More than any policy that checks can have. */
const depthMax = 64;

const plainDecimal = /^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]+)$/;

/** The data of a text, or all that is wrong with it. `file` is only shown. */
export function readYaml(
  text: string,
  { file }: { readonly file: string },
): YamlText | { readonly findings: readonly PositionedFinding[] } {
  const findings: PositionedFinding[] = [];
  const lines = new LineCounter();
  const reading: Reading = {
    lines,
    add: (code, offset, path, message) => {
      const { line, col } = lines.linePos(offset);
      const place = { file, line: Math.max(1, line), column: Math.max(1, col) };
      findings.push({ ...withFix({ code, path, message, severity: 'error' }), ...place });
    },
  };
  if (Buffer.byteLength(text) > limits.policyBytesMax) {
    reading.add('text-too-large', 0, '', `is longer than ${limits.policyBytesMax} bytes`);
    return { findings };
  }
  const tooDeep = tooDeepAt(text);
  if (tooDeep !== undefined) {
    lines.addNewLine(0);
    for (const at of text.slice(0, tooDeep).matchAll(/\n/g)) lines.addNewLine(at.index + 1);
    reading.add('text-syntax', tooDeep, '', `is nested deeper than ${depthMax}`);
    return { findings };
  }
  try {
    const root = rootOf(text, reading);
    const value = root === undefined ? undefined : valueOf(root, '', reading);
    if (findings.length > 0) return { findings };
    return { value, positions: new NodePositions(root, lines, { file, text }) };
  } catch (failure) {
    // A parser that recurses ends here on a text that is nested without end.
    if (!(failure instanceof RangeError)) throw failure;
    reading.add('text-syntax', 0, '', 'is nested too deep to be read');
    return { findings };
  }
}

/** Where a text is nested too deep: found before it is parsed, because parsing would take long. */
function tooDeepAt(text: string): number | undefined {
  let offset = 0;
  let brackets = 0;
  let dashes = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets -= 1;
    else if (token === '-' || token === '?') dashes += 1;
    else if (token.startsWith('\n') || token.startsWith('\r')) dashes = 0;
    if (brackets + dashes > depthMax) return offset;
    // Marks of the lexer stand for no text.
    if (!/^[\u0002\u0018\u001f]$/.test(token)) offset += token.length;
  }
  return undefined;
}

function rootOf(text: string, reading: Reading): ParsedNode | undefined {
  const documents = parseAllDocuments(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    strict: true,
    uniqueKeys: false,
    intAsBigInt: true,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: reading.lines,
  });
  const [first, second] = documents;
  if (first === undefined || first.contents === null) {
    reading.add('text-syntax', 0, '', 'holds no document');
    return undefined;
  }
  for (const document of documents) {
    for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
      if (code === 'TAG_RESOLVE_FAILED') reading.add('tag', pos[0], '', 'is an unknown tag');
      else reading.add('text-syntax', pos[0], '', sentence(message));
    }
  }
  if (second !== undefined) {
    const offset = second.range[0];
    reading.add('several-documents', offset, '', 'starts a second document in one file');
  }
  const { version, explicit } = first.directives?.yaml ?? {};
  if (explicit === true && version !== '1.2') {
    reading.add('text-syntax', 0, '', `asks for YAML ${version}; policies are YAML 1.2`);
  }
  return first.contents;
}

function sentence(message: string): string {
  const [line = ''] = message.split('\n');
  return `${line.charAt(0).toLowerCase()}${line.slice(1)}`.replace(/\.$/, '');
}

function valueOf(node: Node | null, path: string, reading: Reading): unknown {
  if (node === null) return null;
  const offset = node.range?.[0] ?? 0;
  if (isAlias(node)) {
    reading.add('alias', offset, path, `refers to \`*${node.source}\`; aliases are not read`);
    return null;
  }
  const { anchor, tag } = node as Scalar;
  if (anchor !== undefined) {
    reading.add('alias', offset, path, `has the anchor \`&${anchor}\`; anchors are not read`);
  }
  if (tag !== undefined) reading.add('tag', offset, path, `has the tag \`${tag}\``);
  if (isMap(node)) return objectOf(node, path, reading);
  if (isSeq(node)) {
    return node.items.map((item, position) =>
      valueOf(item as Node | null, `${path}[${position}]`, reading),
    );
  }
  return isScalar(node) ? scalarOf(node, path, reading) : null;
}

function objectOf(map: YAMLMap, path: string, reading: Reading): unknown {
  const members = new Map<string, unknown>();
  for (const { key, value } of map.items) {
    const offset = (key as Node | null)?.range?.[0] ?? map.range?.[0] ?? 0;
    const name = isScalar(key) ? key.value : undefined;
    if (typeof name !== 'string') {
      reading.add('key-not-text', offset, path, 'has a key that is no text');
      continue;
    }
    const inner = path === '' ? name : `${path}.${name}`;
    checkText(name, offset, inner, reading);
    const { anchor, tag, type } = key as Scalar;
    if (anchor !== undefined) reading.add('alias', offset, inner, 'has a key with an anchor');
    if (tag !== undefined) reading.add('tag', offset, inner, 'has a key with a tag');
    if (name === '<<' && type === 'PLAIN') {
      reading.add('merge-key', offset, path, 'merges another object, which is not read');
    } else if (members.has(name)) {
      reading.add('duplicate-key', offset, inner, 'is there twice');
    }
    members.set(name, valueOf(value as Node | null, inner, reading));
  }
  return Object.fromEntries(members);
}

function scalarOf(scalar: Scalar, path: string, reading: Reading): unknown {
  const { value, source = '' } = scalar;
  if (typeof value === 'string') checkText(value, scalar.range?.[0] ?? 0, path, reading);
  if (typeof value !== 'number' && typeof value !== 'bigint') return value;
  const number = Number(value);
  if (!plainDecimal.test(source) || !isExact(number, source)) {
    const message = `is \`${source}\`, which is not read exactly as it is written`;
    reading.add('number-not-exact', scalar.range?.[0] ?? 0, path, message);
  }
  return number;
}

/** Escapes can write what no log could hold. */
function checkText(text: string, offset: number, path: string, reading: Reading): void {
  if (text.isWellFormed()) return;
  const message =
    'is not plain data: half of a surrogate pair, which has no UTF-8 form, stands in it';
  reading.add('wrong-type', offset, path, message);
}

/** Whether the number shows the same decimal as the text, but for zeros at its end. */
function isExact(number: number, source: string): boolean {
  if (!source.includes('.')) return Number.isSafeInteger(number);
  const trimmed = source.replace(/\.?0+$/, '');
  return String(number) === (trimmed === '-0' || trimmed === '' ? '0' : trimmed);
}
