/** What is known of a tool: as it was registered or approved, and what of it waits. */
import type { Event, EventPosition } from '../event.ts';
import type { RecordChange, StateView } from '../record.ts';
import { type ToolMove, toolStates, toolStatus } from './states.ts';

type ToolEvent = Extract<Event, { readonly type: `tool-${string}` }>;

const moves: Readonly<Record<ToolEvent['type'], ToolMove>> = {
  'tool-registered': 'register',
  'tool-quarantined': 'quarantine',
  'tool-approved': 'approve',
};

export function isToolEvent(event: Event): event is ToolEvent {
  return event.type.startsWith('tool-');
}

/** The record of a tool after it was registered, quarantined or approved. */
export function toolChange(
  view: StateView,
  event: ToolEvent,
  { index }: EventPosition,
): RecordChange {
  const { name, action, resource, estimate, hasSchema, isModel, definition } = event.data;
  const tool = {
    name,
    action,
    resource,
    estimate,
    hasSchema,
    definition,
    ...(isModel === undefined ? {} : { isModel }),
  };
  const known = view.get('tool', name);
  const move = moves[event.type];
  const isLegal = known === undefined ? move !== 'approve' : move in toolStates[toolStatus(known)];
  if (!isLegal) throw new Error('assertion: a tool cannot make this transition from its state');
  if (event.type !== 'tool-quarantined') {
    return { kind: 'tool', key: name, value: { ...tool, changedIndex: index } };
  }
  const wasApproved = known !== undefined && (known.quarantine?.wasApproved ?? true);
  const quarantine = { tool, index, wasApproved };
  const value = { ...(wasApproved ? known : { ...tool, changedIndex: index }), quarantine };
  return { kind: 'tool', key: name, value };
}
