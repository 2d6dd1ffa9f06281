/** What exists and who may: agents, policy, prices, API keys, proposals, operators who are there. */
import { agentKey } from '../rights/agent.ts';
import type { Event, EventPosition } from '../event.ts';
import { heartbeatChange } from '../kill/heartbeat.ts';
import type { RecordChange, StateView } from '../record.ts';

type RegistryEvent = Extract<
  Event,
  {
    readonly type:
      | `agent-${string}`
      | `key-${string}`
      | `change-${string}`
      | 'operator-heartbeat'
      | 'heartbeat-lapsed'
      | 'policy-activated'
      | 'prices-activated';
  }
>;

export function applyRegistry(
  view: StateView,
  event: RegistryEvent,
  position: EventPosition,
): RecordChange {
  switch (event.type) {
    case 'agent-registered': {
      const { org, name, version, owner, capabilities, before } = event.data;
      const value = {
        org,
        name,
        version,
        ...(owner === undefined ? {} : { owner }),
        status: before?.status ?? 'enabled',
        capabilities,
      };
      return { kind: 'agent', key: agentKey(org, name), value };
    }
    case 'agent-transitioned': {
      const key = agentKey(event.data.org, event.data.agent);
      const agent = view.get('agent', key);
      if (agent === undefined) throw new Error('assertion: an agent that was never registered');
      return { kind: 'agent', key, value: { ...agent, status: event.data.to } };
    }
    case 'policy-activated': {
      const { hash, document } = event.data;
      return {
        kind: 'policy',
        key: 'active',
        value: { version: document.version, activatedAt: position.at, hash, document },
      };
    }
    case 'prices-activated': {
      const { hash, document } = event.data;
      const value = { version: document.version, hash, document };
      return { kind: 'prices', key: 'active', value };
    }
    case 'key-issued':
    case 'key-revoked':
      return keyChange(view, event, position);
    case 'operator-heartbeat':
    case 'heartbeat-lapsed':
      return heartbeatChange(view, event, position);
    case 'change-proposed':
    case 'change-confirmed':
      return proposalChange(view, event, position);
  }
}

function keyChange(
  view: StateView,
  event: Extract<Event, { readonly type: `key-${string}` }>,
  position: EventPosition,
): RecordChange {
  switch (event.type) {
    case 'key-issued': {
      const { id, org, principal, roles, teams, secretHash, expiresAt } = event.data;
      const value = {
        id,
        org,
        principal,
        roles,
        ...(teams === undefined ? {} : { teams }),
        secretHash,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        revoked: false,
        issuedBy: position.by.id,
        issuedAt: position.at,
      };
      return { kind: 'key', key: id, value };
    }
    case 'key-revoked': {
      const key = view.get('key', event.data.key);
      if (key === undefined) throw new Error('assertion: a key that was never issued');
      return { kind: 'key', key: key.id, value: { ...key, revoked: true } };
    }
  }
}

function proposalChange(
  view: StateView,
  event: Extract<Event, { readonly type: `change-${string}` }>,
  position: EventPosition,
): RecordChange {
  switch (event.type) {
    case 'change-proposed': {
      const { proposal, change, credential, expiresAt } = event.data;
      const { by, at } = position;
      const value = {
        change,
        org: by.org,
        proposedBy: by.id,
        proposedAt: at,
        ...(credential === undefined ? {} : { credential }),
        expiresAt,
        open: true,
      };
      return { kind: 'proposal', key: proposal, value };
    }
    case 'change-confirmed': {
      const { proposal: key } = event.data;
      const proposal = view.get('proposal', key);
      if (proposal === undefined) throw new Error('assertion: a change that was never proposed');
      return { kind: 'proposal', key, value: { ...proposal, open: false } };
    }
  }
}
