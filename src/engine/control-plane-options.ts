/** What a host gives when it opens a control plane, and its check before anything is opened. */
import type { Evaluator } from '../evaluators/index.ts';
import { quoted } from '../kernel/index.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { Storage } from '../storage/storage.ts';
import type { Clock } from './clock.ts';
import { assertList, assertMembers } from './known-members.ts';
import { fault } from './error.ts';
import type { AgentDeclaration } from './access/declared-agent.ts';
import type { Ids } from './ids.ts';
import type { ToolDeclaration } from './tools/tool.ts';

export interface ControlPlaneOptions {
  readonly storage: Storage;
  /** Activated where it is not the active one already. Without one, every action is denied. */
  readonly policy?: unknown;
  readonly agents?: readonly (string | AgentDeclaration)[];
  readonly tools?: readonly ToolDeclaration[];
  /**
   * Names of the tools whose declaration was changed on purpose: what the log has of them is replaced. With a
   * tool that differs from what is registered, and is not named here, a control plane does not open. Nor does
   * it with one that is in quarantine.
   */
  readonly replaceTools?: readonly string[];
  /**
   * The price catalogue: which models there are and what they cost. Activated where it is not the active one
   * already; `modelTool` is registered with it. Without one, every model call is denied.
   */
  readonly prices?: unknown;
  /** Who besides the host and API keys may say whom a credential belongs to; `identity.authenticate`. */
  readonly authenticators?: readonly Authenticator[];
  /** What the policy's guardrails may name, beside the evaluators that are built in. */
  readonly evaluators?: readonly Evaluator[];
  /** Whom to tell what happened; see `agent-control-plane/notify`. */
  readonly notifiers?: readonly Notifier[];
  /** Name of the log; `main` by default. */
  readonly log?: string;
  /** How often other processes' events are looked for, ms; 250 by default. */
  readonly pollMs?: number;
  readonly clock?: Clock;
  readonly ids?: Ids;
}

const lists = ['agents', 'tools', 'authenticators', 'evaluators', 'notifiers'] as const;

const known = [
  'storage',
  'policy',
  'prices',
  ...lists,
  'replaceTools',
  'log',
  'pollMs',
  'clock',
  'ids',
] as const satisfies readonly (keyof ControlPlaneOptions)[];

/** Throws `input-invalid` for what cannot be meant: an option that is not known, a list that is none. */
export function assertOptions(options: ControlPlaneOptions): void {
  assertMembers('the options of a control plane', options, known);
  const storage: Partial<Storage> | null | undefined = options.storage;
  const log: unknown = options.log ?? 'main';
  if (typeof storage?.open !== 'function') {
    throw fault('input-invalid', '`storage` is no store, such as `sqlite(path)` makes one');
  }
  const pollMs: unknown = options.pollMs ?? 0;
  if (typeof pollMs !== 'number' || !(pollMs >= 0)) {
    throw fault('input-invalid', '`pollMs` is no number from 0 up');
  }
  if (typeof log !== 'string' || log === '') throw fault('input-invalid', '`log` is no name');
  for (const name of lists) {
    const list = options[name];
    if (list !== undefined) assertList(`\`${name}\``, list);
  }
  for (const name of lists) {
    for (const each of options[name] ?? []) assertMember(name, each);
  }
  assertReplaced(options);
}

/** What names no tool may be misspelt; of two declarations under one name one would replace the other. */
function assertReplaced({ tools = [], replaceTools }: ControlPlaneOptions): void {
  if (replaceTools === undefined) return;
  assertList('`replaceTools`', replaceTools);
  for (const name of replaceTools) {
    const count = tools.filter((tool) => tool.name === name).length;
    if (count === 1) continue;
    const how = count === 0 ? 'does not declare' : 'declares more than once';
    throw fault('input-invalid', `\`replaceTools\` names ${quoted(name)}, which \`tools\` ${how}`);
  }
}

/** Whether what the log has of a tool is replaced; `unless-quarantined` leaves a tool in its quarantine. */
export type Replace = boolean | 'unless-quarantined';

/**
 * The tools, each with whether it replaces what the log has of it. Said once and kept in a program, `true`
 * would undo each quarantine at the next start.
 */
export function toolsOf({
  tools = [],
  replaceTools = [],
}: ControlPlaneOptions): readonly (readonly [ToolDeclaration, Replace])[] {
  return tools.map((tool) => [tool, replaceTools.includes(tool.name) && 'unless-quarantined']);
}

function assertMember(name: (typeof lists)[number], each: unknown): void {
  const isNamed = name === 'agents' && typeof each === 'string';
  if (isNamed || (typeof each === 'object' && each !== null)) return;
  if (typeof each === 'function') return;
  throw fault('input-invalid', `\`${name}\` has a member that declares nothing`);
}
