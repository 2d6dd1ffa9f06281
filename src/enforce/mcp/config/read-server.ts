/** Reads what a configuration says of one server: how it is reached, its bounds, and terms of its tools. */
import { isName, isResourceTemplate } from '../../../kernel/index.ts';
import {
  configLimits,
  type FirstSight,
  type HttpTarget,
  type ProcessTarget,
  type ServerConfig,
  type ToolTerms,
} from './config.ts';
import {
  configurationProblem,
  flag,
  listOf,
  mapOf,
  Members,
  membersOf,
  oneOf,
  text,
  textThat,
  wholeNumber,
} from './strict-reader.ts';

/** No underscore: `server__tool` can be read in one way only. */
const serverName = /^[a-z][a-z0-9-]{0,31}$/;

/** Variables that `{ from: NAME }` may refer to. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const firstSightOf = oneOf(['quarantine', 'accept']);
const actionName = textThat(isName, 'must be the name of an action');
const template = textThat(
  isResourceTemplate,
  'must be a template of a resource, such as file/{+path}',
);
const digest = textThat(isDigest, 'must be a SHA-256, as 64 small hex digits');

interface Place {
  readonly path: string;
  readonly name: string;
  readonly environment: Environment;
  readonly firstSight: FirstSight | undefined;
}

export function readServer(
  value: unknown,
  { path, name, environment, firstSight }: Place,
): ServerConfig {
  if (!serverName.test(name)) {
    const problem = 'is no name of a server: a small letter, then small letters, digits and `-`';
    throw configurationProblem(path, problem);
  }
  const members = new Members(value, path);
  const ms = wholeNumber(100, configLimits.timeoutMsMax);
  const bytes = wholeNumber(1_024, configLimits.bytesMax);
  const resources = members.optional('resources', passing) ?? true;
  const prompts = members.optional('prompts', passing) ?? true;
  const server = {
    name,
    target: readTarget(members, environment),
    era: members.optional('protocol', oneOf(['auto', 'legacy', 'modern'])) ?? ('auto' as const),
    firstSight:
      members.optional('firstSight', firstSightOf) ?? firstSight ?? ('quarantine' as const),
    startTimeoutMs: members.optional('startTimeoutMs', ms) ?? configLimits.startTimeoutMs,
    callTimeoutMs: members.optional('callTimeoutMs', ms) ?? configLimits.callTimeoutMs,
    resultBytesMax: members.optional('resultBytesMax', bytes) ?? configLimits.resultBytesMax,
    messageBytesMax: members.optional('messageBytesMax', bytes) ?? configLimits.messageBytesMax,
    resources: resources !== false,
    prompts: prompts !== false,
    governs: { resources: resources === 'govern', prompts: prompts === 'govern' },
    roots: members.optional('roots', flag) ?? false,
    tools: members.optional('tools', mapOf(readTerms)) ?? new Map<string, ToolTerms>(),
  };
  members.end();
  return server;
}

function readTarget(members: Members, environment: Environment): ProcessTarget | HttpTarget {
  if (members.has('command') === members.has('url')) {
    throw configurationProblem(members.path, 'needs either a `command` or a `url`');
  }
  const secrets = mapOf((each, path) => secret(each, path, environment));
  if (members.has('url')) {
    const url = members.required('url', httpUrl);
    const headers = members.optional('headers', secrets) ?? new Map<string, string>();
    checkHeaders(headers, members.pathOf('headers'));
    return { kind: 'http', url, headers: Object.fromEntries(headers) };
  }
  const command = members.required('command', readCommand);
  const env = members.optional('env', secrets) ?? new Map<string, string>();
  checkVariables(env, members.pathOf('env'));
  return {
    kind: 'process',
    command,
    env: Object.fromEntries(env),
    cwd: members.optional('cwd', text),
    sha256: members.optional('sha256', digest),
  };
}

/** What cannot be sent is refused here, without its value: an error at each request would show that. */
function checkHeaders(headers: ReadonlyMap<string, string>, path: string): void {
  const names = new Set<string>();
  for (const [name, value] of headers) {
    if (!canBeHeader(name, '')) {
      throw configurationProblem(`${path}.${name}`, 'is no name of a header');
    }
    if (!canBeHeader(name, value)) {
      throw configurationProblem(`${path}.${name}`, 'has a value that no header can have');
    }
    if (names.has(name.toLowerCase())) {
      throw configurationProblem(
        `${path}.${name}`,
        'is there twice: names of headers have no case',
      );
    }
    names.add(name.toLowerCase());
  }
}

function canBeHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name);
  } catch {
    return false;
  }
}

/** What a process would get under another name than the one that is written. */
function checkVariables(env: ReadonlyMap<string, string>, path: string): void {
  for (const name of env.keys()) {
    if (name !== '' && !/[=\0]/.test(name)) continue;
    throw configurationProblem(`${path}.${name}`, 'is no name of a variable');
  }
}

/** Characters that mean something to a shell: whoever writes them in a program's name expects one. */
const shellCharacters = /[;&|<>$`"'\n\r*?(){}[\]!#~]/;

/** Throws for what is no list of program and arguments, or would take a shell to be read. */
function readCommand(value: unknown, path: string): readonly [string, ...string[]] {
  if (typeof value === 'string') {
    const problem = 'must be a list, program and arguments: no shell reads it';
    throw configurationProblem(path, problem);
  }
  const [program, ...args] = listOf((each, at) => {
    if (typeof each === 'string' && !each.includes('\0')) return each;
    throw configurationProblem(at, 'must be a text');
  })(value, path);
  if (program === undefined || program === '') throw configurationProblem(path, 'names no program');
  const isPath = program.includes('/') || program.includes('\\');
  if (shellCharacters.test(program) || (!isPath && /\s/.test(program))) {
    throw configurationProblem(`${path}[0]`, 'has characters of a shell, and no shell reads it');
  }
  return [program, ...args];
}

function passing(value: unknown, path: string): boolean | 'govern' {
  if (typeof value === 'boolean' || value === 'govern') return value;
  throw configurationProblem(path, 'must be true, false or govern');
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function httpUrl(value: unknown, path: string): URL {
  const url = URL.parse(text(value, path));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw configurationProblem(path, 'must be a URL of http or https');
  }
  if (url.username !== '' || url.password !== '') {
    throw configurationProblem(path, 'must not hold a password; use `headers`');
  }
  return url;
}

/** A text, or `{ from: NAME }`: the value of a variable of the gateway's own environment. */
function secret(value: unknown, path: string, environment: Environment): string {
  if (typeof value === 'string') return text(value, path);
  const members = new Members(value, path);
  const from = members.required('from', text);
  members.end();
  const found = environment[from];
  if (found !== undefined && found !== '') return found;
  throw configurationProblem(path, `needs the variable \`${from}\`, which is not set`);
}

function readTerms(value: unknown, path: string): ToolTerms {
  const members = new Members(value, path);
  const terms = {
    action: members.optional('action', actionName),
    resource: members.optional('resource', template),
    estimate: members.optional('estimate', readEstimate),
    isHidden: members.optional('hidden', flag) ?? false,
  };
  members.end();
  return terms;
}

/** Amounts are checked when the tool is bound. */
function readEstimate(value: unknown, path: string): NonNullable<ToolTerms['estimate']> {
  membersOf(value, path);
  return value as NonNullable<ToolTerms['estimate']>;
}
