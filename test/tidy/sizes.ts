/**
 * How long files, functions and lines may be. Tests may be longer: tables grow with what they cover. A naive
 * model that the kernel is compared with may not: it is believed because it is read.
 */
import {
  child,
  isTest,
  nameOf,
  type Problem,
  type SourceFile,
  type SyntaxNode,
} from './source-file.ts';

/** A file or function that may pass the limit, and why. One that no longer needs it is reported. */
export interface SizeException {
  readonly path: string;
  /** The function's name; without one the exception is for the file's length. */
  readonly functionName?: string;
  readonly reason: string;
}

const fileLinesMax = 400;
const naiveLinesMax = 150;
const functionLinesMax = 70;
const columnsMax = 110;
const medianFileLinesMax = 120;
const p90FileLinesMax = 250;
/** With fewer files a single one decides the median. */
const filesForNormsMin = 20;

interface Oversize {
  readonly problem: Problem;
  readonly functionName: string | undefined;
}

export function sizeProblems(
  files: readonly SourceFile[],
  exceptions: readonly SizeException[],
): Problem[] {
  const oversizes = [
    ...measuredFiles(files).flatMap((file) => [
      ...oversizeFile(file, fileLinesMax),
      ...file.nodes.flatMap((node) => oversizeFunction(file, node)),
    ]),
    ...files.filter(isNaive).flatMap((file) => oversizeFile(file, naiveLinesMax)),
  ];
  const covers = (exception: SizeException, { problem, functionName }: Oversize): boolean =>
    exception.path === problem.path && exception.functionName === functionName;
  const stale = exceptions
    .filter((exception) => !oversizes.some((oversize) => covers(exception, oversize)))
    .map(({ path, functionName }) => ({
      path,
      line: 1,
      message: `the size exception for ${functionName ?? 'this file'} is stale; remove it`,
    }));
  const uncovered = oversizes.filter(
    (oversize) => !exceptions.some((exception) => covers(exception, oversize)),
  );
  return [...uncovered.map(({ problem }) => problem), ...stale];
}

/** The norms for `src` as a whole: most files are short. */
export function normProblems(files: readonly SourceFile[]): Problem[] {
  const lengths = measuredFiles(files)
    .map(({ lines }) => lines.length)
    .toSorted((a, b) => a - b);
  if (lengths.length < filesForNormsMin) return [];
  const rank = (share: number): number => lengths[Math.ceil(share * lengths.length) - 1] ?? 0;
  const norms = [
    { name: 'median', actual: rank(0.5), max: medianFileLinesMax },
    { name: '90th percentile', actual: rank(0.9), max: p90FileLinesMax },
  ];
  return norms
    .filter(({ actual, max }) => actual > max)
    .map(({ name, actual, max }) => ({
      path: 'src',
      line: 1,
      message: `the ${name} of file lengths is ${actual} lines, ${max} allowed; split files`,
    }));
}

export function columnProblems(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap(({ path, lines }) =>
      lines.flatMap((text, index) => {
        const columns = Array.from(text).length;
        if (columns <= columnsMax) return [];
        const message = `${columns} columns, ${columnsMax} allowed; break the line`;
        return [{ path, line: index + 1, message }];
      }),
    );
}

function measuredFiles(files: readonly SourceFile[]): SourceFile[] {
  return files.filter(({ path }) => path.startsWith('src/') && !isTest(path));
}

function isNaive({ path }: SourceFile): boolean {
  return /^test\/(?:.*\/)?naive-[^/]*$/.test(path);
}

function oversizeFile({ path, lines }: SourceFile, linesMax: number): Oversize[] {
  if (lines.length <= linesMax) return [];
  const message = `${lines.length} lines, ${linesMax} allowed; split the file by what it does`;
  return [{ problem: { path, line: 1, message }, functionName: undefined }];
}

const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

function oversizeFunction(file: SourceFile, node: SyntaxNode): Oversize[] {
  const body = functionTypes.has(node.type) ? child(node, 'body') : undefined;
  if (body === undefined) return [];
  const span = file.lineAt(body.end - 1) - file.lineAt(body.start);
  const length = body.type === 'BlockStatement' ? span - 1 : span + 1;
  if (length <= functionLinesMax) return [];
  const functionName = nameOfFunction(node, file.parentOf.get(node));
  const message =
    `function ${functionName} has ${length} lines, ${functionLinesMax} allowed; ` +
    'split it by what it does';
  return [{ problem: { path: file.path, line: file.lineAt(node.start), message }, functionName }];
}

/** Its own name, or that of the variable, property or method it is the value of. */
function nameOfFunction(node: SyntaxNode, parent: SyntaxNode | undefined): string {
  const named = child(node, 'id') ?? (parent && (child(parent, 'id') ?? child(parent, 'key')));
  return nameOf(named) ?? 'anonymous';
}
