/**
 * Who may import whom. Each room lists what it may import; what is not listed is refused, types included.
 * Tests beside the source may import any room but the command line.
 */
import { builtinModules } from 'node:module';
import {
  isTest,
  roomOf as folderOf,
  type Import,
  type Problem,
  type SourceFile,
} from './source-file.ts';

interface Room {
  /** Rooms, or single files, below `src` that it may import besides itself. */
  readonly rooms: readonly string[] | 'any';
  /** Node modules, without `node:`. */
  readonly builtins: readonly string[] | 'any';
  readonly packages: readonly string[] | 'any';
}

const contract = 'storage/storage.ts';

const rooms: Readonly<Record<string, Room>> = {
  kernel: { rooms: [], builtins: ['crypto'], packages: ['re2js'] },
  log: { rooms: [], builtins: ['crypto'], packages: [] },
  storage: { rooms: [contract, 'log'], builtins: 'any', packages: ['pg'] },
  approvals: { rooms: ['kernel', 'log'], builtins: [], packages: [] },
  identity: { rooms: ['kernel', 'log'], builtins: ['crypto'], packages: ['jose'] },
  policy: {
    rooms: ['kernel', 'log'],
    builtins: [],
    packages: ['@marcbachmann/cel-js', 'yaml'],
  },
  evaluators: {
    rooms: ['kernel', 'log'],
    builtins: ['vm'],
    packages: ['@cfworker/json-schema', 're2js'],
  },
  notify: {
    rooms: ['kernel'],
    builtins: ['crypto', 'dns/promises', 'http', 'https', 'net'],
    packages: ['ipaddr.js'],
  },
  engine: {
    rooms: ['kernel', 'log', 'approvals', 'identity', 'policy', 'evaluators', 'notify', contract],
    builtins: 'any',
    packages: ['@cfworker/json-schema'],
  },
  'enforce/mcp': {
    rooms: ['enforce', 'engine', 'kernel', 'identity', 'log', 'evaluators', 'approvals'],
    builtins: 'any',
    packages: ['@modelcontextprotocol/client', '@modelcontextprotocol/server'],
  },
  enforce: { rooms: ['engine', 'kernel', 'identity', 'log'], builtins: 'any', packages: [] },
  cli: { rooms: 'any', builtins: 'any', packages: 'any' },
  testing: { rooms: 'any', builtins: 'any', packages: 'any' },
  'index.ts': { rooms: 'any', builtins: [], packages: [] },
};

/** The gateway is a room in a room: it alone loads the MCP SDK. */
function roomOf(path: string): string {
  return path.startsWith('src/enforce/mcp/') ? 'enforce/mcp' : folderOf(path);
}

interface Folders {
  /** Each after those that it may import. */
  readonly order: readonly string[];
  /** The files at the room's top that they may import; only the others there see all folders. */
  readonly top: readonly string[] | 'any';
}

/** The rooms that have folders. */
const foldersOfRooms: Readonly<Record<string, Folders>> = {
  kernel: {
    order: [
      'model',
      'policy',
      'rights',
      'kill',
      'budget',
      'session',
      'tool',
      'approval',
      'registry',
      'decision',
    ],
    // What a command, an event and a record is.
    top: 'any',
  },
  engine: {
    order: [
      'store',
      'verify',
      'core',
      'access',
      'tools',
      'budgets',
      'tickets',
      'session',
      'notifying',
    ],
    top: ['clock.ts', 'error.ts', 'ids.ts', 'known-members.ts'],
  },
  'enforce/mcp': {
    order: ['protocol', 'config', 'upstream', 'tools', 'call', 'passing', 'client', 'http'],
    top: [],
  },
};

/** Rooms that only the listed rooms may import, over and above what `rooms` says. */
const closedRooms: Readonly<Record<string, readonly string[]>> = {
  cli: ['cli'],
  'enforce/mcp': ['enforce/mcp', 'cli'],
  testing: ['testing', 'cli'],
};

const kernelHashing = new Set(['hash', 'createHash']);

/** `declared` names the packages that a user gets or brings: dependencies and peer dependencies. */
export function roomProblems(
  files: readonly SourceFile[],
  declared: ReadonlySet<string>,
): Problem[] {
  return files
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap((file) => {
      const report = (line: number, message: string): Problem => ({
        path: file.path,
        line,
        message,
      });
      if (rooms[roomOf(file.path)] === undefined) {
        return [report(1, `\`${roomOf(file.path)}\` is no room; add it to test/tidy/rooms.ts`)];
      }
      return file.imports.flatMap((imported) => {
        const message = refusal(file.path, imported, declared);
        return message === undefined ? [] : [report(imported.line, message)];
      });
    });
}

function refusal(
  path: string,
  imported: Import,
  declared: ReadonlySet<string>,
): string | undefined {
  const { specifier, target } = imported;
  if (specifier === '') return 'computed import; name the module in a string literal';
  if (target !== undefined) return refusalOfFile(path, target, imported.typeOnly);
  if (isTest(path)) return undefined;
  const builtin = specifier.replace(/^node:/, '');
  if (specifier.startsWith('node:')) return refusalOfBuiltin(path, builtin, imported);
  if (builtinModules.includes(builtin)) return `import \`node:${builtin}\` with its prefix`;
  return refusalOfPackage(path, specifier, declared);
}

function refusalOfFile(path: string, target: string, typeOnly: boolean): string | undefined {
  const from = roomOf(path);
  const to = roomOf(target);
  if (!target.startsWith('src/')) return `imports \`${target}\`; source imports only from src`;
  if (isTest(target)) return `imports the test \`${target}\`; move what is shared into the kit`;
  if (to === 'index.ts') return 'imports the root export; import the file that defines the name';
  if (isTest(path) && to !== 'cli') return undefined;
  const closed = closedRooms[to];
  if (closed !== undefined && !closed.includes(from)) {
    return `imports \`${target}\`; only ${closed.join(' and ')} may import ${to}`;
  }
  if (from === 'storage') return refusalInStorage(path, target, typeOnly);
  const folders = foldersOfRooms[from];
  if (folders !== undefined && from === to) return refusalInRoom(folders, path, target);
  const allowed = rooms[from]?.rooms ?? [];
  if (from === to || allowed === 'any') return undefined;
  if (allowed.some((room) => room === to || `src/${room}` === target)) return undefined;
  return `imports \`${target}\`; ${from} may import only ${[from, ...allowed].join(', ')}`;
}

function refusalInRoom({ order, top }: Folders, path: string, target: string): string | undefined {
  const [room, from, to] = [roomOf(path), folderInRoom(path), folderInRoom(target)];
  if (from === undefined) return undefined;
  const place = order.indexOf(from);
  if (place === -1) return `\`${room}/${from}\` is no folder; add it to test/tidy/rooms.ts`;
  if (to === undefined) {
    if (top === 'any' || top.some((file) => target === `src/${room}/${file}`)) return undefined;
    const allowed = top.length === 0 ? 'nothing' : `only ${top.join(', ')}`;
    return `imports \`${target}\`; a folder of ${room} may import ${allowed} of its top`;
  }
  if (order.slice(0, place + 1).includes(to)) return undefined;
  return `imports \`${target}\`; ${room}/${from} comes before ${room}/${to}, see test/tidy/rooms.ts`;
}

/** The folder of a file within its room; undefined for one at the room's top. */
function folderInRoom(path: string): string | undefined {
  const [folder, ...rest] = path.slice(`src/${roomOf(path)}/`.length).split('/');
  return rest.length > 0 ? folder : undefined;
}

/** What all stores check alike, beside the contract. */
const rulesOfStores = 'src/storage/rules.ts';

/** The contract takes types alone; each store takes the contract, the log, and what is its own. */
function refusalInStorage(path: string, target: string, typeOnly: boolean): string | undefined {
  const to = roomOf(target);
  if (path === `src/${contract}`) {
    if ((to === 'kernel' || to === 'log') && typeOnly) return undefined;
    return `imports \`${target}\`; the storage contract may import only types, from kernel and log`;
  }
  const ownFolder = path.split('/').length > 3 ? path.split('/').slice(0, 3).join('/') : undefined;
  if (target === `src/${contract}` || target === rulesOfStores || to === 'log') return undefined;
  if (ownFolder !== undefined && target.startsWith(`${ownFolder}/`)) return undefined;
  return `imports \`${target}\`; a store may import only ${contract}, log and its own folder`;
}

function refusalOfBuiltin(path: string, name: string, imported: Import): string | undefined {
  const from = roomOf(path);
  if (path === `src/${contract}`) return 'the storage contract imports no module of Node';
  const allowed = rooms[from]?.builtins ?? [];
  if (allowed !== 'any' && !allowed.includes(name)) {
    return `imports \`node:${name}\`; ${from} is pure, pass the result in as data`;
  }
  if (from === 'kernel' && imported.names.some((each) => !kernelHashing.has(each))) {
    return `imports more than hashing from \`node:${name}\`; pass the result in as data`;
  }
  return undefined;
}

function refusalOfPackage(
  path: string,
  specifier: string,
  declared: ReadonlySet<string>,
): string | undefined {
  const from = roomOf(path);
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const allowed = path.startsWith('src/enforce/adapters/') ? 'any' : (rooms[from]?.packages ?? []);
  if (allowed !== 'any' && !allowed.includes(name)) {
    return `imports the package \`${name}\`; ${from} may not, see test/tidy/rooms.ts`;
  }
  if (!declared.has(name)) {
    return `imports \`${name}\`, which users do not get; make it a dependency or peer dependency`;
  }
  return undefined;
}

/** One problem for each import that closes a cycle of files, types included. */
export function cycleProblems(files: readonly SourceFile[]): Problem[] {
  const sources = files.filter(({ path }) => path.startsWith('src/'));
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const trail: string[] = [];
  const problems: Problem[] = [];
  const visit = (file: SourceFile): void => {
    trail.push(file.path);
    for (const { target, line } of file.imports) {
      const next = target === undefined ? undefined : byPath.get(target);
      if (next === undefined || finished.has(next.path)) continue;
      const index = trail.indexOf(next.path);
      if (index === -1) {
        visit(next);
      } else {
        const cycle = [...trail.slice(index), next.path].join(' > ');
        const message = `import cycle ${cycle}; move what both need into a file of its own`;
        problems.push({ path: file.path, line, message });
      }
    }
    trail.pop();
    finished.add(file.path);
  };
  for (const file of sources) if (!finished.has(file.path)) visit(file);
  return problems;
}
