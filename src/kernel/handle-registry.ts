/** What exists: agents, tools and the active policy. */
import type { ActivatePolicy, ActivatePrices, RegisterAgent, RegisterTool } from './command.ts';
import type { HandlerFor } from './handled.ts';
import { checkCatalogue } from './model/check-catalogue.ts';
import { isName, quoted } from './name.ts';
import { checkPolicy } from './policy/check.ts';
import { isGlob } from './policy/glob.ts';
import { isResourceTemplate } from './policy/resource.ts';
import { sortedEntries } from './order.ts';
import { permits } from './principal.ts';
import { reject, type Rejection } from './rejection.ts';

export const registerAgent: HandlerFor<RegisterAgent> = (view, command) => {
  if (!permits(command.by, 'register-agent')) return { rejection: reject('permission-denied') };
  const { agent } = command;
  if (!isName(agent.name) || agent.actions.length === 0 || !agent.actions.every(isGlob)) {
    return { rejection: reject('agent-unknown', 'the agent’s name or its actions are not valid') };
  }
  const known = view.get('agent', agent.name);
  const subject = { kind: 'agent', key: agent.name } as const;
  if (known !== undefined && sameJson(known, agent)) return { events: [], subject, replayed: true };
  return { events: [{ type: 'agent-registered', data: agent }], subject };
};

export const registerTool: HandlerFor<RegisterTool> = (view, command) => {
  if (!permits(command.by, 'register-tool')) return { rejection: reject('permission-denied') };
  const { tool } = command;
  if (!isName(tool.name) || !isName(tool.action) || !isResourceTemplate(tool.resource)) {
    return {
      rejection: reject('tool-unknown', 'the tool’s name, action or resource is not valid'),
    };
  }
  const known = view.get('tool', tool.name);
  const subject = { kind: 'tool', key: tool.name } as const;
  if (known !== undefined && sameJson(known, tool)) return { events: [], subject, replayed: true };
  if (known !== undefined && !command.replace) {
    return {
      rejection: reject(
        'tool-changed',
        `tool ${quoted(tool.name)} is registered with another definition`,
        'compare the two, then register it again with `replace: true`',
      ),
    };
  }
  return { events: [{ type: 'tool-registered', data: tool }], subject };
};

export const activatePolicy: HandlerFor<ActivatePolicy> = (view, command) => {
  if (!permits(command.by, 'activate-policy')) return { rejection: reject('permission-denied') };
  const checked = checkPolicy(command.document);
  if ('findings' in checked) {
    return { rejection: reject('policy-invalid', shown(checked.findings)) };
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
    events: [{ type: 'policy-activated', data: { hash: command.hash, document } }],
    subject,
  };
};

export const activatePrices: HandlerFor<ActivatePrices> = (view, command) => {
  if (!permits(command.by, 'activate-prices')) return { rejection: reject('permission-denied') };
  const checked = checkCatalogue(command.document);
  if ('findings' in checked)
    return { rejection: reject('prices-invalid', shown(checked.findings)) };
  const active = view.get('prices', 'active');
  const { document } = checked;
  const subject = { kind: 'prices', key: 'active' } as const;
  if (active?.hash === command.hash) return { events: [], subject, replayed: true };
  if (active !== undefined && document.version <= active.version) {
    return { rejection: behind('prices-version-behind', document.version, active.version) };
  }
  const data = { hash: command.hash, document };
  return { events: [{ type: 'prices-activated', data }], subject };
};

/** The first findings, as a text. */
function shown(
  findings: readonly { readonly code: string; readonly path: string; readonly message: string }[],
): string {
  const texts = findings
    .slice(0, 10)
    .map(({ code, path, message }) => `${code}: \`${path}\` ${message}`);
  const more = findings.length - texts.length;
  return [...texts, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function behind(
  code: 'policy-version-behind' | 'prices-version-behind',
  offered: number,
  active: number,
): Rejection {
  const message = `version ${offered} is offered and version ${active} is active`;
  return reject(code, message, 'raise `version` above the active one');
}

/** Equality of plain data, whatever the order of its members (their own members are built in one order). */
function sameJson(left: object, right: object): boolean {
  return JSON.stringify(sortedEntries({ ...left })) === JSON.stringify(sortedEntries({ ...right }));
}
