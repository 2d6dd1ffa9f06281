/** What is known of a tool: as it was registered or approved, and what of it waits. */
import type { Event, EventPosition } from './event.ts';
import type { RecordChange, StateView } from './record.ts';

type ToolEvent = Extract<Event, { readonly type: `tool-${string}` }>;

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
  if (event.type !== 'tool-quarantined') {
    return { kind: 'tool', key: name, value: { ...tool, changedIndex: index } };
  }
  const known = view.get('tool', name);
  const wasApproved = known !== undefined && (known.quarantine?.wasApproved ?? true);
  const quarantine = { tool, index, wasApproved };
  const value = { ...(wasApproved ? known : { ...tool, changedIndex: index }), quarantine };
  return { kind: 'tool', key: name, value };
}
