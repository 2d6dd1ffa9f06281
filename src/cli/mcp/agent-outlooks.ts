/** What each agent may do with each pinned tool, before it does anything: as the kernel would decide. */
import {
  agentRefusalOf,
  compileGlob,
  findAgent,
  type PolicyDocument,
  type RecordsByKind,
  resourceOf,
  type StateView,
} from '../../kernel/index.ts';
import { scanAll } from '../../engine/store/scan.ts';
import { policyOutlook } from '../../policy/index.ts';
import type { Storage } from '../../storage/storage.ts';

export interface AgentOutlook {
  readonly tool: string;
  /** Org and name; `*` is every org. */
  readonly agent: string;
  /** What a call may come to: `allowed`, `asks`, `steered` or `denied`; several where it depends. */
  readonly may: readonly Word[];
  /** The code of a call of which nothing holds that may or may not. */
  readonly code: string;
  /** What that is by, such as `tier:autoApprove`. */
  readonly by: readonly string[];
  readonly dependsOn: readonly string[];
}

type Word = (typeof words)[keyof typeof words];

const words = {
  allow: 'allowed',
  'require-approval': 'asks',
  steer: 'steered',
  deny: 'denied',
} as const;

const kinds = ['agent', 'latch', 'policy', 'tool'] as const;

export interface WhoAsks {
  /** Only agents of this name. */
  readonly agent?: string;
  /** Whom they work for; rules about principals are left open without it. */
  readonly principal?: string;
}

/** By tool in the order given, and by agent. */
export async function agentOutlooks(
  storage: Storage,
  tools: readonly string[],
  { agent: wanted, principal }: WhoAsks,
): Promise<readonly AgentOutlook[]> {
  const records = new Map<string, unknown>();
  const agents: RecordsByKind['agent'][] = [];
  for (const kind of kinds) {
    for await (const { key, value } of scanAll(storage, { kind })) {
      const record = JSON.parse(value) as RecordsByKind[typeof kind];
      records.set(`${kind} ${key}`, record);
      if (kind === 'agent') agents.push(record as RecordsByKind['agent']);
    }
  }
  const view = {
    get: (kind: string, key: string) => records.get(`${kind} ${key}`),
  } as StateView;
  const policy = view.get('policy', 'active')?.document;
  const asking = agents.filter(({ name }) => wanted === undefined || name === wanted);
  return tools.flatMap((name) => {
    const tool = view.get('tool', name);
    if (tool === undefined) return [];
    return asking
      .map((agent) => outlookOf({ view, policy, agent, tool, principal }))
      .toSorted((left, right) => (left.agent < right.agent ? -1 : 1));
  });
}

function outlookOf({
  view,
  policy,
  agent: { org, name: agent },
  tool,
  principal,
}: {
  readonly view: StateView;
  readonly policy: PolicyDocument | undefined;
  readonly agent: RecordsByKind['agent'];
  readonly tool: RecordsByKind['tool'];
  readonly principal: string | undefined;
}): AgentOutlook {
  const about = { tool: tool.name, agent: `${org}/${agent}` };
  const refusal = agentRefusalOf(view, { org, agent, principal: principal ?? '' }, tool);
  if (refusal !== undefined) {
    return { ...about, may: ['denied'], code: refusal.code, by: [], dependsOn: [] };
  }
  if (policy === undefined) {
    return { ...about, may: ['denied'], code: 'policy-missing', by: [], dependsOn: [] };
  }
  const { action } = tool;
  const resource = resourceOf(tool, {}, undefined);
  const subject = { action, tool: tool.name, agent, org, resource, principal };
  const { verdict, effects, dependsOn } = policyOutlook(policy, subject);
  const may = effects.map((effect) => words[effect]);
  const capabilities = findAgent(view, org, agent)?.capabilities ?? [];
  const limited = may.join() !== 'denied' && !isUnlimited(capabilities, action);
  return {
    ...about,
    may: limited && !may.includes('denied') ? [...may, 'denied'] : may,
    code: verdict.code,
    by: verdict.determinedBy,
    dependsOn: limited ? [...dependsOn, 'capability'] : dependsOn,
  };
}

/** Whether an agent is capable of an action whatever its resource and arguments are. */
function isUnlimited(
  capabilities: RecordsByKind['agent']['capabilities'],
  action: string,
): boolean {
  return capabilities.some(
    ({ actions, resources, when }) =>
      resources === undefined &&
      when === undefined &&
      actions.some((pattern) => compileGlob(pattern)(action)),
  );
}
