/** Reads the configuration of an MCP client, and says of each server whether its calls are governed. */
import { basename } from 'node:path';
import { CommandError, exitCodes } from '../exit.ts';
import { readTextFile } from '../text-file.ts';
import { jsonLine, print, shown } from '../terminal.ts';

/** What is said of one server of a client. */
interface ServerFinding {
  readonly server: string;
  readonly governed: boolean;
  readonly finding: string;
}

/** Members under which clients keep their servers. */
const holders = ['mcpServers', 'servers', 'context_servers', 'mcp'];

export async function examineClient(
  file: string,
  { json }: { readonly json?: true },
): Promise<void> {
  const findings = findingsIn(parsed(file));
  if (findings.length === 0) {
    throw new CommandError(
      `\`${file}\` names no MCP server`,
      `it should have one of ${holders.join(', ')}`,
    );
  }
  for (const each of findings) {
    if (json === true) await print(jsonLine(each));
    else {
      const sign = each.governed ? 'governed    ' : 'NOT GOVERNED';
      await print(shown(`${sign}  ${each.server}: ${each.finding}`));
    }
  }
  const open = findings.filter(({ governed }) => !governed).length;
  if (open === 0) return;
  throw new CommandError(
    `${open} of ${findings.length} servers do not go through the gateway`,
    'put `agent-control-plane mcp --policy <path> --` before the command of each',
    { exitCode: exitCodes.bad },
  );
}

function parsed(file: string): unknown {
  const text = readTextFile(file);
  try {
    return JSON.parse(text) as unknown;
  } catch (failure) {
    // Several clients allow comments; what is left is read as JSON.
    const bare = text.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/,(\s*[}\]])/g, '$1');
    try {
      return JSON.parse(bare) as unknown;
    } catch {
      throw new CommandError(`\`${file}\` is no JSON`, undefined, { cause: failure });
    }
  }
}

function findingsIn(value: unknown): readonly ServerFinding[] {
  if (typeof value !== 'object' || value === null) return [];
  const members = new Map<string, unknown>(Object.entries(value));
  return [...members].flatMap(([name, member]) => {
    if (!holders.includes(name)) {
      // Some clients keep servers by project.
      return typeof member === 'object' && !Array.isArray(member) ? findingsIn(member) : [];
    }
    const inner = new Map<string, unknown>(Object.entries(member ?? {}));
    const nested = inner.get('servers');
    const servers = new Map<string, unknown>(Object.entries(nested ?? member ?? {}));
    return [...servers].map(([server, terms]) => findingOf(server, terms));
  });
}

/** With a version, but for one that stands for another package. */
const ownName = /^agent-control-plane(?:@[\w.^~*-]+)?$/;
/** What starts the program that is named next. Behind anything else, its name is only a word like others. */
const launchers =
  /^(?:cmd c )?(?:npx|bunx|pnpx|node|npm (?:exec|x)|pnpm(?: dlx| exec)?|yarn(?: dlx| exec| run)?|bun x)$/i;
/** Options of these that take no value and run nothing. */
const harmless =
  /^(?:-y|--yes|-q|--quiet|-s|--silent|--no|--no-install|--offline|--prefer-offline|--)$/;

function isLauncher(words: readonly string[]): boolean {
  const named = words
    .filter((word) => !harmless.test(word))
    .map((word) => basename(word.replaceAll('\\', '/')).replace(/\.(?:exe|cmd)$/i, ''));
  return named.length === 0 || launchers.test(named.join(' '));
}

function findingOf(server: string, terms: unknown): ServerFinding {
  const { command, args, url } = (terms ?? {}) as {
    readonly command?: unknown;
    readonly args?: unknown;
    readonly url?: unknown;
  };
  const words = [command, ...(Array.isArray(args) ? (args as unknown[]) : [])]
    .flat()
    .filter((each) => typeof each === 'string');
  if (words.length === 0) {
    const finding =
      typeof url === 'string' ? `talks to ${url} itself` : 'says neither command nor URL';
    return { server, governed: false, finding };
  }
  const at = words.findIndex((word) => ownName.test(basename(word)));
  if (at === -1 || words[at + 1] !== 'mcp' || !isLauncher(words.slice(0, at))) {
    return { server, governed: false, finding: `starts ${words.join(' ')} itself` };
  }
  const own = words.slice(at + 2);
  const end = own.indexOf('--');
  const options = end === -1 ? own : own.slice(0, end);
  const has = (option: string): boolean =>
    options.some((word) => word === option || word.startsWith(`${option}=`));
  if (has('--config')) return { server, governed: true, finding: 'through a gateway with a file' };
  const behind = end === -1 ? [] : own.slice(end + 1);
  if (behind.length === 0) {
    return { server, governed: false, finding: 'names no server behind `--`' };
  }
  if (!has('--policy'))
    return { server, governed: false, finding: 'names no policy: it will not start' };
  return { server, governed: true, finding: `in front of ${behind.join(' ')}` };
}
