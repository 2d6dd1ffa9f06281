/** Starts the servers once, and writes a first policy for their tools. It never overwrites. */
import { dirname, join } from 'node:path';
import { openControlPlane } from '../../engine/index.ts';
import { type GatewayConfig, type PinnedServers, pinServers } from '../../enforce/mcp/index.ts';
import { memory } from '../../storage/memory.ts';
import { CommandError } from '../exit.ts';
import { assertAbsent, writeNew } from '../new-file.ts';
import { jsonLine, print, shown } from '../terminal.ts';
import { gatewayFile } from './gateway-file.ts';
import type { GatewayCliOptions } from './gateway-options.ts';
import { notAsked } from './pin-tools.ts';
import { type DraftedAction, draftedActions, policyDraft } from './policy-draft.ts';
import { report } from './run-gateway.ts';

export interface InitPolicyOptions extends Pick<GatewayCliOptions, 'config' | 'env'> {
  readonly out?: string;
  readonly version: string;
  readonly json?: true;
}

export async function initPolicy(
  words: readonly string[],
  options: InitPolicyOptions,
): Promise<void> {
  const { config: path, version, json } = options;
  const { config, policy = 'policy.yaml' } = gatewayFile(words, options);
  const out = options.out ?? (path === undefined ? policy : join(dirname(path), policy));
  // Before servers are started for nothing.
  assertAbsent(out);
  const actions = draftedActions(await offered(config, version));
  const server = words.map(shellWord).join(' ');
  writeNew(out, policyDraft(actions, path === undefined ? `\`${server}\`` : `\`${path}\``));
  const allowed = actionsOf(actions, 'autoApprove');
  const asked = actionsOf(actions, 'alwaysApprove');
  if (json === true) return print(jsonLine({ policy: out, allowed, asked }));
  await print(`wrote ${shown(out)}`);
  await print(`allowed, as the server says that it only reads: ${allowed.length}`);
  await print(`asks an approver at each call: ${asked.length}`);
  const start = path === undefined ? startLine(out, options.env, server) : `--config ${path}`;
  await print(shown(`read it, then start: agent-control-plane mcp ${start}`));
}

/** Throws a `CommandError` where not all of the servers' tools can be told. */
async function offered(config: GatewayConfig, version: string): Promise<PinnedServers['offered']> {
  // What is pinned is of no use to anybody: the policy decides what a server is worth.
  const plane = await openControlPlane({ storage: memory() });
  let found: PinnedServers;
  try {
    found = await pinServers(plane, config, { version, report });
  } finally {
    await plane.close();
  }
  if (found.away.length > 0) throw notAsked(found.away);
  if (found.offered.length === 0)
    throw new CommandError('no server has a tool that can be governed');
  return found.offered;
}

function actionsOf(
  actions: readonly DraftedAction[],
  tier: DraftedAction['tier'],
): readonly string[] {
  return actions.filter((each) => each.tier === tier).map(({ action }) => action);
}

/** With the variables that the server was asked with, or it may not start. */
function startLine(policy: string, names: InitPolicyOptions['env'] = [], server: string): string {
  const variables = names.map((name) => ` --env ${shellWord(name)}`).join('');
  return `--policy ${shellWord(policy)}${variables} -- ${server}`;
}

/** A word as a shell takes it for one. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
