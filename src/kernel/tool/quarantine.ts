/**
 * Quarantine of tools: a definition that somebody else wrote runs only once it was approved as it is.
 *
 * What is met again as it was changes nothing. A tool that is met as it was approved before, while another
 * definition of it waits, stays where it is: whoever changes back has changed twice.
 */
import type { ApproveTool, QuarantineTool, RegisterTool } from '../command.ts';
import type { HandlerFor } from '../handled.ts';
import { isName, quoted } from '../name.ts';
import { sameJson } from '../order.ts';
import { isResourceTemplate } from '../policy/resource.ts';
import type { StateView, ToolRecord } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { notPermitted, permits } from '../rights/rights.ts';
import { toolStates, toolStatus } from './states.ts';

export const quarantineTool: HandlerFor<QuarantineTool> = (view, command) => {
  const refusal = offerRefusal(view, command);
  if (refusal !== undefined) return { rejection: refusal };
  const { tool } = command;
  const known = view.get('tool', tool.name);
  const subject = { kind: 'tool', key: tool.name } as const;
  const isApproved = known !== undefined && isSameTool(known, tool);
  const waits = known?.quarantine;
  if (isApproved || (waits !== undefined && sameJson(waits.tool, tool))) {
    return { events: [], subject, replayed: true };
  }
  const before = approvedDefinition(known);
  return { events: [{ type: 'tool-quarantined', data: { ...tool, before } }], subject };
};

export const approveTool: HandlerFor<ApproveTool> = (view, command) => {
  if (!permits(view, command.by, 'register-tool'))
    return { rejection: notPermitted(view, command.by, 'register-tool') };
  const { tool: name, definition } = command;
  const known = view.get('tool', name);
  if (known === undefined) return { rejection: reject('tool-unknown') };
  const subject = { kind: 'tool', key: name } as const;
  const before = approvedDefinition(known);
  const approved = approvable(known).find((each) => each.definition === definition);
  if (approved === undefined) {
    const message = `tool ${quoted(name)} has no definition ${quoted(definition)} that waits`;
    const help = 'it changed since; look at it again and approve what you see';
    return { rejection: reject('tool-changed', message, help) };
  }
  if (toolStates[toolStatus(known)].approve === undefined) {
    return { events: [], subject, replayed: true };
  }
  return { events: [{ type: 'tool-approved', data: { ...approved, before } }], subject };
};

/** Why a tool does not get into the registry, whatever is there already. */
export function offerRefusal(
  view: StateView,
  { by, tool }: Pick<RegisterTool | QuarantineTool, 'by' | 'tool'>,
): Rejection | undefined {
  return permits(view, by, 'register-tool')
    ? toolProblem(tool)
    : notPermitted(view, by, 'register-tool');
}

/** Why nothing of a tool runs that is in quarantine. */
export function quarantineRefusal({ name, quarantine }: ToolRecord): Rejection {
  const was = quarantine?.wasApproved === true ? 'changed' : 'is new';
  const message = `tool ${quoted(name)} ${was}, and nobody has approved it as it is`;
  return reject('tool-quarantined', message, 'an operator has to look at it and approve it');
}

/** Why a tool cannot be known as it is declared. */
function toolProblem({ name, action, resource }: RegisterTool['tool']): Rejection | undefined {
  if (isName(name) && isName(action) && isResourceTemplate(resource)) return undefined;
  return reject('tool-unknown', 'the tool’s name, action or resource is not valid');
}

/** Whether a record is of exactly this tool, and nothing else waits. */
export function isSameTool(known: ToolRecord, tool: RegisterTool['tool']): boolean {
  return sameJson(known, { ...tool, changedIndex: known.changedIndex });
}

/** The hash of what was approved, or null. */
function approvedDefinition(known: ToolRecord | undefined): string | null {
  if (known === undefined || known.quarantine?.wasApproved === false) return null;
  return known.definition;
}

/** What waits, and what was approved before it. */
function approvable(known: ToolRecord): readonly RegisterTool['tool'][] {
  const { changedIndex: _, quarantine, ...tool } = known;
  if (quarantine === undefined) return [tool];
  return quarantine.wasApproved ? [quarantine.tool, tool] : [quarantine.tool];
}
