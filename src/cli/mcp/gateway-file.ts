/** What a gateway is started with: from its file, or from one line of words. */
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type GatewayFile, readGatewayFile } from '../../enforce/mcp/index.ts';
import { ControlPlaneError } from '../../engine/error.ts';
import { findingLines } from '../../policy/index.ts';
import { readYaml } from '../../policy/yaml-text.ts';
import { CommandError } from '../exit.ts';
import { readPolicyFile } from '../policy/policy-file.ts';
import { readTextFile } from '../text-file.ts';
import { isDatabaseUrl } from '../../storage/postgres/url.ts';
import { type NamedStore, storeToRun } from '../store-of.ts';
import type { GatewayCliOptions } from './gateway-options.ts';

/** What servers are found by, and what else stands for a file. */
type FileOptions = Pick<
  GatewayCliOptions,
  'agent' | 'config' | 'env' | 'principal' | 'quarantineNew'
>;

export interface GatewayStart {
  readonly config: GatewayFile['config'];
  readonly policy: object | undefined;
  readonly store: NamedStore;
  readonly authenticators: GatewayFile['authenticators'];
}

/** What the file says, or the words. Throws a `CommandError` that says what to write instead. */
export function gatewayFile(words: readonly string[], options: FileOptions): GatewayFile {
  const { config: path } = options;
  if (path === undefined && words.length === 0) {
    throw new CommandError(
      'no server is named',
      'give its words behind `--`, or a file with `--config`',
    );
  }
  if (path !== undefined && words.length > 0) {
    throw new CommandError('the server is named twice', 'give `--config`, or words behind `--`');
  }
  return path === undefined ? ofWords(words, options) : ofFile(path, options);
}

/** Throws a `CommandError` that says what to write instead. */
export function gatewayStart(words: readonly string[], options: GatewayCliOptions): GatewayStart {
  const { config: path, policy: policyOption } = options;
  const file = gatewayFile(words, options);
  if (path === undefined && policyOption === undefined) {
    throw new CommandError('no policy is named', 'give `--policy`; `mcp init` writes a first one');
  }
  const folder = path === undefined ? '.' : dirname(path);
  const policy =
    policyOption ?? (file.policy === undefined ? undefined : resolve(folder, file.policy));
  const stored = file.store === undefined ? undefined : storedAt(folder, file.store);
  return {
    config: file.config,
    authenticators: file.authenticators,
    policy: policy === undefined ? undefined : readPolicyFile(policy).document,
    store: storeToRun(options.store ?? stored ?? besides(path ?? policy ?? ''), options.schema),
  };
}

/** A path is beside the file that names it; a URL is what it is. */
function storedAt(folder: string, store: string): string {
  return isDatabaseUrl(store) ? store : resolve(folder, store);
}

/** `gateway.yaml` has its control plane in `gateway.db`. */
function besides(path: string): string {
  return join(dirname(path), `${basename(path, extname(path))}.db`);
}

function ofFile(path: string, options: FileOptions): GatewayFile {
  const { agent, principal, quarantineNew, env } = options;
  if ([agent, principal, quarantineNew, env].some((each) => each !== undefined)) {
    const message = '--agent, --principal, --quarantine-new and --env are in the file of --config';
    throw new CommandError(message, `write them into \`${path}\``);
  }
  const yaml = readYaml(readTextFile(path), { file: path });
  if ('findings' in yaml) {
    const [first] = yaml.findings;
    throw new CommandError(first === undefined ? '' : (findingLines(first)[0] ?? ''));
  }
  return readFile(yaml.value, path);
}

/** One server, without a prefix to its names; what is new of it is pinned as it is met. */
function ofWords(words: readonly string[], options: FileOptions): GatewayFile {
  const { agent = 'mcp-client', principal = 'local/user:local', quarantineNew, env = [] } = options;
  const [, org, id] = /^([^/]+)\/(.+)$/.exec(principal) ?? [];
  const file = {
    format: 1,
    prefix: false,
    firstSight: quarantineNew === true ? 'quarantine' : 'accept',
    principal: { org, id },
    agent,
    servers: {
      mcp: { command: words, env: Object.fromEntries(env.map((name) => [name, { from: name }])) },
    },
  };
  return readFile(file, 'the command line');
}

function readFile(value: unknown, where: string): GatewayFile {
  try {
    return readGatewayFile(value, process.env);
  } catch (failure) {
    if (!ControlPlaneError.is(failure)) throw failure;
    const message = failure.message.replace('the configuration', where);
    throw new CommandError(message, 'see docs/mcp.md', { cause: failure });
  }
}
