/**
 * A first policy for the tools of MCP servers, made from what the servers say of them.
 *
 * What a tool says of itself binds nobody, so that it gets a draft no further than this: a tool that says it
 * only reads is allowed, and the file says that this is the server's word; every other call asks an approver.
 */
import { stringify } from 'yaml';
import type { PinnedServers } from '../../enforce/mcp/index.ts';
import { brief, shown } from '../terminal.ts';

type OfferedTool = PinnedServers['offered'][number];

/** An action of the draft. */
export interface DraftedAction {
  readonly action: string;
  /** What the server says that its calls do: read, add to what is there, or change and delete. */
  readonly risk: 'low' | 'medium' | 'high';
  readonly tier: 'autoApprove' | 'alwaysApprove';
  readonly description: string;
}

const risks = ['low', 'medium', 'high'] as const;

/** Of tools that are one action, the one that may do most counts. */
export function draftedActions(tools: readonly OfferedTool[]): readonly DraftedAction[] {
  const actions = new Map<string, DraftedAction>();
  for (const tool of tools) {
    const drafted = draftedAction(tool);
    const other = actions.get(drafted.action);
    const isWorse = other === undefined || risks.indexOf(drafted.risk) > risks.indexOf(other.risk);
    if (isWorse) actions.set(drafted.action, drafted);
  }
  return [...actions.values()];
}

function draftedAction({ raw, declaration, signals }: OfferedTool): DraftedAction {
  const { readOnlyHint, destructiveHint } = raw.annotations ?? {};
  // Whoever writes a definition to steer a model is not taken at their word.
  const reads = readOnlyHint === true && signals.length === 0;
  return {
    action: declaration.action,
    risk: reads ? 'low' : destructiveHint === false ? 'medium' : 'high',
    tier: reads ? 'autoApprove' : 'alwaysApprove',
    description: firstSentence(declaration.description ?? ''),
  };
}

function firstSentence(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return brief(/^.*?[.!?](?= |$)/.exec(line)?.[0] ?? line, 120);
}

/** The policy as YAML. `of` names the servers, for whoever reads the file. */
export function policyDraft(actions: readonly DraftedAction[], of: string): string {
  const schema = './node_modules/agent-control-plane/schema/policy.schema.json';
  return `# yaml-language-server: $schema=${schema}
#
# A policy for the tools of ${shown(of)},
# drafted from what the server says of them. Read it before you use it: what a tool says of itself binds
# nobody.
# Check it with \`agent-control-plane policy lint\`.

format: 1
# Raise it with every change: an older or equal version does not replace the active one.
version: 1

# Every action that exists. What is not here is denied, and not shown to the client.
actions:
${actions.map(actionText).join('')}
tiers:
${tierText(actions, 'autoApprove', 'Allowed. The server says that these only read.')}\
${tierText(actions, 'alwaysApprove', 'Each call waits for an approver.')}`;
}

function actionText({ action, risk, description }: DraftedAction): string {
  const said = description === '' ? '' : `    description: ${quotedText(description)}\n`;
  return `  ${yamlText(action)}:\n    risk: ${risk}\n${said}`;
}

function tierText(
  actions: readonly DraftedAction[],
  tier: DraftedAction['tier'],
  comment: string,
): string {
  const those = actions.filter((each) => each.tier === tier);
  if (those.length === 0) return '';
  const lines = those.map(({ action }) => `    - ${yamlText(action)}\n`).join('');
  return `  # ${comment}\n  ${tier}:\n${lines}`;
}

/** A name, with quotes where YAML would take it for anything else. */
function yamlText(name: string): string {
  return stringify(name).trimEnd();
}

/** What somebody else wrote, in one line and in quotes. */
function quotedText(text: string): string {
  return stringify(text, { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE' }).trimEnd();
}
