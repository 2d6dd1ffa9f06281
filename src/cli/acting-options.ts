/** The options by which commands that act are told who does; read without loading a control plane. */
import { collected } from './repeated-options.ts';
import { type Command, InvalidArgumentError } from 'commander';
import { logOption, schemaOption } from './store-options.ts';
import type { LogOptions } from './store-options.ts';

export interface ActorOptions {
  readonly keyFile?: string;
  readonly as?: { readonly org: string; readonly id: string };
  readonly asRole?: readonly string[];
}

export interface ActingOptions extends ActorOptions, LogOptions {
  readonly json?: true;
}

/** The environment variable that may hold an API key. */
export const keyVariable = 'ACP_API_KEY';

/** The key in it; undefined for none. */
export function keyOfEnvironment(): string | undefined {
  const key = process.env[keyVariable];
  return key === '' ? undefined : key;
}

/** Whether it was said who acts: reading commands do not need to know. */
export function isActorGiven({ keyFile, as, asRole }: ActorOptions): boolean {
  return [keyFile, as, asRole, keyOfEnvironment()].some((each) => each !== undefined);
}

/** For the help of each command that acts. */
export const actingHelp = `
Who acts is whom the API key in ${keyVariable} or in the file of --key-file stands
for. Or it is whom --as names, with the roles of --as-role: whoever may write
to the store may say who acts, and the log says so (\`host-assertion\`).`;

export const actingExitCodes =
  'Exit codes: 0 done, 1 the control plane refused it, 2 it could not be asked.';

/** The options by which a command learns who acts. */
export function addActorOptions(command: Command): Command {
  return command
    .option('--key-file <path>', `act with the API key in this file; else with ${keyVariable}`)
    .option('--as <org/id>', 'act as this principal, on your word alone', actorOption)
    .option('--as-role <role>', 'a role of `--as`; may be given several times', collected);
}

/** The options of every command that acts. */
export function addActingOptions(command: Command): Command {
  command.addOption(logOption()).addOption(schemaOption());
  return addActorOptions(command).option('--json', 'one JSON object a line');
}

function actorOption(text: string): { readonly org: string; readonly id: string } {
  const [, org, id] = /^([^/]+)\/(.+)$/.exec(text) ?? [];
  if (org === undefined || id === undefined) {
    throw new InvalidArgumentError('It must be an org and an id, such as acme/user:olga.');
  }
  return { org, id };
}
