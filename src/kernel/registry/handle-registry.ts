/** What exists: agents, tools and the active policy. */
import { agentKey, nextAgentStatus } from '../rights/agent.ts';
import { scopeProblem } from '../rights/call-scope.ts';
import type {
  ActivatePolicy,
  ActivatePrices,
  ControlAgent,
  RegisterAgent,
  RegisterTool,
} from '../command.ts';
import type { ActiveBefore } from '../event.ts';
import type { HandlerFor } from '../handled.ts';
import { checkCatalogue } from '../model/check-catalogue.ts';
import { limits } from '../limits.ts';
import { isName, isQualifiedName, quoted } from '../name.ts';
import { everyOrg } from '../org.ts';
import type { StateView } from '../record.ts';
import { checkPolicy } from '../policy/check.ts';
import { sameJson } from '../order.ts';
import { findingsText } from '../findings-text.ts';
import { reject, type Rejection } from '../rejection.ts';
import { notPermitted, permits, permitsIn } from '../rights/rights.ts';
import { isSameTool, offerRefusal, quarantineRefusal } from '../tool/quarantine.ts';

export const registerAgent: HandlerFor<RegisterAgent> = (view, command) => {
  const { by, agent } = command;
  if (!permitsIn(view, by, 'register-agent', agent.org)) {
    return { rejection: notPermitted(view, by, 'register-agent', agent.org) };
  }
  const problem = agentProblem(view, agent);
  if (problem !== undefined) return { rejection: reject('agent-invalid', problem) };
  const key = agentKey(agent.org, agent.name);
  const before = view.get('agent', key) ?? null;
  if (before?.status === 'revoked') {
    return { rejection: reject('agent-disabled', `agent ${quoted(agent.name)} was revoked`) };
  }
  const subject = { kind: 'agent', key } as const;
  if (before !== null && sameJson({ ...agent, status: before.status }, before)) {
    return { events: [], subject, replayed: true };
  }
  return { events: [{ type: 'agent-registered', data: { ...agent, before } }], subject };
};

function agentProblem(view: StateView, agent: RegisterAgent['agent']): string | undefined {
  const { org, name, version, owner, capabilities } = agent;
  if (!isName(name) || !isName(version)) return 'its name or version is not valid';
  if (org !== everyOrg && !isName(org)) return 'its org is not valid';
  if (owner !== undefined && !isQualifiedName(owner)) return 'its owner is not valid';
  if (org !== everyOrg && view.get('agent', agentKey(everyOrg, name)) !== undefined) {
    return `every org has an agent ${quoted(name)}`;
  }
  if (capabilities.length === 0 || capabilities.length > limits.capabilitiesMax) {
    return `it must have 1 to ${limits.capabilitiesMax} capabilities`;
  }
  return capabilities.map(scopeProblem).find((problem) => problem !== undefined);
}

export const controlAgent: HandlerFor<ControlAgent> = (view, command) => {
  const { by, org, transition } = command;
  if (!permitsIn(view, by, 'control-agent', org))
    return { rejection: notPermitted(view, by, 'control-agent', org) };
  const key = agentKey(org, command.agent);
  const agent = view.get('agent', key);
  if (agent === undefined) return { rejection: reject('agent-unknown') };
  if (command.commitments?.['reason'] === undefined) return { rejection: reject('reason-missing') };
  const { status: from } = agent;
  const to = nextAgentStatus(from, transition);
  if (to === undefined) {
    const message = `an agent that is ${from} cannot ${transition}`;
    return { rejection: reject('transition-illegal', message) };
  }
  const data = { org, agent: agent.name, transition, from, to };
  return { events: [{ type: 'agent-transitioned', data }], subject: { kind: 'agent', key } };
};

export const registerTool: HandlerFor<RegisterTool> = (view, command) => {
  const refusal = offerRefusal(view, command);
  if (refusal !== undefined) return { rejection: refusal };
  const { tool } = command;
  const known = view.get('tool', tool.name);
  const subject = { kind: 'tool', key: tool.name } as const;
  if (known !== undefined && isSameTool(known, tool)) {
    return { events: [], subject, replayed: true };
  }
  if (known?.quarantine !== undefined && command.replace !== true) {
    return { rejection: quarantineRefusal(known) };
  }
  if (known !== undefined && !command.replace) {
    return {
      rejection: reject(
        'tool-changed',
        `tool ${quoted(tool.name)} is registered with another definition`,
        'compare the two; register what is meant with `replace: true`, or name it in `replaceTools`',
      ),
    };
  }
  const data = { ...tool, before: known?.definition ?? null };
  return { events: [{ type: 'tool-registered', data }], subject };
};

export const activatePolicy: HandlerFor<ActivatePolicy> = (view, command) => {
  if (!permits(view, command.by, 'activate-policy'))
    return { rejection: notPermitted(view, command.by, 'activate-policy') };
  const checked = checkPolicy(command.document);
  if ('findings' in checked) {
    return { rejection: reject('policy-invalid', findingsText(checked.findings)) };
  }
  if (command.problem !== undefined) {
    return { rejection: reject('policy-invalid', command.problem) };
  }
  const active = view.get('policy', 'active');
  const { document } = checked;
  const subject = { kind: 'policy', key: 'active' } as const;
  if (active?.hash === command.hash) return { events: [], subject, replayed: true };
  if (active !== undefined && document.version <= active.version) {
    return { rejection: behind('policy-version-behind', document.version, active.version) };
  }
  return {
    events: [
      {
        type: 'policy-activated',
        data: { before: activeBefore(active), hash: command.hash, document },
      },
    ],
    subject,
  };
};

export const activatePrices: HandlerFor<ActivatePrices> = (view, command) => {
  if (!permits(view, command.by, 'activate-prices'))
    return { rejection: notPermitted(view, command.by, 'activate-prices') };
  const checked = checkCatalogue(command.document);
  if ('findings' in checked)
    return { rejection: reject('prices-invalid', findingsText(checked.findings)) };
  const active = view.get('prices', 'active');
  const { document } = checked;
  const subject = { kind: 'prices', key: 'active' } as const;
  if (active?.hash === command.hash) return { events: [], subject, replayed: true };
  if (active !== undefined && document.version <= active.version) {
    return { rejection: behind('prices-version-behind', document.version, active.version) };
  }
  const data = { before: activeBefore(active), hash: command.hash, document };
  return { events: [{ type: 'prices-activated', data }], subject };
};

function activeBefore(active: ActiveBefore | undefined): ActiveBefore | null {
  return active === undefined ? null : { version: active.version, hash: active.hash };
}

function behind(
  code: 'policy-version-behind' | 'prices-version-behind',
  offered: number,
  active: number,
): Rejection {
  const message =
    offered === active
      ? `version ${active} is active, with other content than what is offered`
      : `version ${offered} is offered and version ${active} is active`;
  return reject(code, message, 'raise `version` above the active one');
}
