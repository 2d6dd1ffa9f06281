/**
 * Names of files, and what may not be written where: clocks, chance and the environment outside the shell,
 * switched-off tests, notes to self, silenced checks, paths of one machine.
 */
import {
  child,
  isTest,
  nameOf,
  roomOf,
  type Problem,
  type SourceFile,
  type SyntaxNode,
} from './source-file.ts';

const vagueNames = new Set(['utils', 'helpers', 'common', 'misc', 'types', 'interfaces', 'lib']);
const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:prop|bench|test))*\.ts$/;
const namedFolders = /^(?:src|test|bench|scripts)\//;

export function fileNameProblems(paths: readonly string[]): Problem[] {
  return paths
    .filter((path) => namedFolders.test(path))
    .flatMap((path) => {
      const parts = path.split('/');
      const vague = parts.find((part) => vagueNames.has(part.replace(/\..*$/, '')));
      const message =
        vague === undefined
          ? !path.endsWith('.ts') || kebabCase.test(parts.at(-1) ?? '')
            ? undefined
            : 'the file name is not in kebab-case; rename it'
          : `\`${vague}\` says nothing; name the file after what it holds`;
      return message === undefined ? [] : [{ path, line: 1, message }];
    });
}

/** Rooms that are allowed a clock, chance, timers and the environment. */
const shellRooms = new Set(['engine', 'cli', 'testing']);
/** Stores wait: for a lock, for a server, for a network that may never answer. */
const timerPlaces = ['src/storage/sqlite/', 'src/storage/postgres/', 'src/storage/head-file.ts'];
/** Where processes take turns on one log: waiting fairly needs a stopwatch, and a die where nobody queues. */
const turnTaking = ['src/storage/sqlite/write-turn.ts', 'src/storage/postgres/turn.ts'];
/** Credentials expire, and an authenticator may be asked by whoever has no control plane. */
const credentialClock = 'src/identity/wall-clock.ts';
/** Whether a client still reads is known to its socket alone, and so is how long it has not. */
const socketTimeout = 'src/enforce/mcp/http/exchange.ts';
const impureFiles = new Set([...turnTaking, credentialClock, socketTimeout]);

const impureMembers: ReadonlyMap<string, RegExp> = new Map([
  ['Date', /^now$/],
  ['performance', /^(?:now|timeOrigin)$/],
  ['Math', /^random$/],
  ['crypto', /^(?:random|getRandomValues$)/],
  ['process', /^(?:env|hrtime|uptime)$/],
]);
const timers = new Set(['setTimeout', 'setInterval', 'setImmediate']);
const impureImports = /^(?:random|getRandomValues$|generate)/;

export function purityProblems(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && !isTest(path) && !impureFiles.has(path))
    .filter(({ path }) => !shellRooms.has(roomOf(path)))
    .flatMap((file) => {
      const calls = file.nodes.flatMap((node) => {
        const name = impurity(file, node);
        return name === undefined ? [] : [{ name, line: file.lineAt(node.start) }];
      });
      const imports = file.imports.flatMap(({ specifier, names, line }) => {
        if (specifier.startsWith('node:timers') && !mayWait(file)) {
          return [{ name: specifier, line }];
        }
        if (specifier !== 'node:crypto') return [];
        return names.filter((name) => impureImports.test(name)).map((name) => ({ name, line }));
      });
      return [...calls, ...imports].map(({ name, line }) => ({
        path: file.path,
        line,
        message: `\`${name}\` outside ${[...shellRooms].join(', ')}; pass the value in as data`,
      }));
    });
}

function impurity(file: SourceFile, node: SyntaxNode): string | undefined {
  if (node.type === 'MemberExpression') {
    const object = child(node, 'object');
    const owner = nameOf(object) ?? nameOfProperty(object) ?? '';
    const property = nameOfProperty(node) ?? '';
    return impureMembers.get(owner)?.test(property) === true ? `${owner}.${property}` : undefined;
  }
  const callee = child(node, 'callee')?.['name'];
  if (callee === 'Date') {
    const args = node['arguments'];
    const none = Array.isArray(args) && args.length === 0;
    if (node.type === 'CallExpression' || none) return `${none ? 'new Date' : 'Date'}()`;
  }
  const isTimer = node.type === 'Identifier' && timers.has(String(node['name']));
  return isTimer && !mayWait(file) ? String(node['name']) : undefined;
}

function mayWait({ path }: SourceFile): boolean {
  return timerPlaces.some((place) => path.startsWith(place));
}

function nameOfProperty(node: SyntaxNode | undefined): string | undefined {
  const property = node?.type === 'MemberExpression' ? child(node, 'property') : undefined;
  const name = node?.['computed'] === true ? property?.['value'] : property?.['name'];
  return typeof name === 'string' ? name : undefined;
}

const testFunctions = new Set(['it', 'test', 'describe', 'suite', 'bench']);
const switches = new Set(['only', 'skip', 'todo']);

export function switchedOffProblems(files: readonly SourceFile[]): Problem[] {
  return files.flatMap((file) =>
    file.nodes.flatMap((node) => {
      const property = nameOfProperty(node) ?? '';
      const name = rootName(child(node, 'object'));
      if (!switches.has(property) || !testFunctions.has(name)) return [];
      const message = `\`${name}.${property}\`; run every test, or delete it`;
      return [{ path: file.path, line: file.lineAt(node.start), message }];
    }),
  );
}

const hooks = new Set(['afterAll', 'afterEach', 'beforeAll', 'beforeEach']);

/** Test files share a process, in which what they import is loaded once: its hooks would be the first file's. */
export function loadedHookProblems(files: readonly SourceFile[]): Problem[] {
  return files.flatMap((file) =>
    file.nodes.flatMap((node) => {
      const hook = nameOf(child(node, 'callee')) ?? '';
      const statement = file.parentOf.get(node);
      const isLoaded = statement !== undefined && file.parentOf.get(statement)?.type === 'Program';
      if (isTest(file.path) || !hooks.has(hook) || !isLoaded) return [];
      const message = `\`${hook}\` as it is loaded holds for one file; call it from the tests`;
      return [{ path: file.path, line: file.lineAt(node.start), message }];
    }),
  );
}

/** `it` for `it`, `it.concurrent` and `it.each`. */
function rootName(node: SyntaxNode | undefined): string {
  const object = node === undefined ? undefined : child(node, 'object');
  return object === undefined ? (nameOf(node) ?? '') : rootName(object);
}

export function silencedCheckProblems(files: readonly SourceFile[]): Problem[] {
  return files.flatMap((file) => [
    ...file.nodes
      .filter(({ type }) => type === 'TSAsExpression' || type === 'TSTypeAssertion')
      .filter((node) => child(node, 'typeAnnotation')?.type === 'TSAnyKeyword')
      .map((node) => ({
        path: file.path,
        line: file.lineAt(node.start),
        message: 'cast to `any`; use `unknown` and narrow it',
      })),
    ...file.comments.flatMap(({ text, line }) => {
      const message = silencing(text.trim());
      return message === undefined ? [] : [{ path: file.path, line, message }];
    }),
  ]);
}

function silencing(comment: string): string | undefined {
  if (/^@ts-(?:ignore|nocheck)\b/.test(comment)) {
    return '`@ts-ignore`; use `@ts-expect-error` and say why';
  }
  if (/^@ts-expect-error\W*$/.test(comment)) return '`@ts-expect-error` without a reason; add one';
  if (/^(?:oxlint|eslint)-disable/.test(comment) && !/ -- \S/.test(comment)) {
    return 'lint suppression without a reason; add ` -- ` and say why';
  }
  return undefined;
}

export function noteProblems(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap((file) =>
      file.comments.flatMap((comment) =>
        [...comment.text.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b/g)].map((match) => ({
          path: file.path,
          line: file.lineAt(comment.start + match.index),
          message: `\`${match[0]}\`; do it, or open an issue`,
        })),
      ),
    );
}

export function headerProblems(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && !isTest(path) && !path.endsWith('/index.ts'))
    .filter(({ text }) => !/^(?:#!.*\n)?\s*\/[/*]/.test(text))
    .map(({ path }) => ({
      path,
      line: 1,
      message: 'no header comment; open the file by saying what it promises',
    }));
}

/** Any text file of the repository. Elsewhere than in `src`, a temporary folder may be named. */
export function machinePathProblems(path: string, text: string): Problem[] {
  const folders = path.startsWith('src/') ? 'work|root|tmp' : 'work|root';
  const pattern = new RegExp(`(?<![\\w.~-])/(?:${folders})/`);
  return text.split('\n').flatMap((line, index) => {
    const found = pattern.exec(line);
    if (found === null) return [];
    const message = `\`${found[0]}\` is a path of one machine; make it relative`;
    return [{ path, line: index + 1, message }];
  });
}

export function downloadAddressProblems(path: string, text: string): Problem[] {
  return text.split('\n').flatMap((line, index) => {
    if (!/^\s*"resolved": "http|^\s*(?:@[\w-]+:)?registry\s*=/.test(line)) return [];
    const message = 'names a registry; set omit-lockfile-registry-resolved and install again';
    return [{ path, line: index + 1, message }];
  });
}
