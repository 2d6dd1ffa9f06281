/** A few records around the kernel, and one authorize that is handled on them again and again. */
import {
  apply,
  type Command,
  handle,
  type RecordChange,
  type RecordKind,
  type RecordsByKind,
  type StateView,
} from '../src/kernel/index.ts';

const now = 1_800_000_000_000;
const admin = { id: 'host', org: 'host', roles: ['platform-admin'], via: 'configuration' };
const service = { id: 'service:billing', org: 'acme', roles: ['operator'], via: 'host-assertion' };

const setUp: readonly Command[] = [
  {
    kind: 'register-agent',
    id: 'c-1',
    by: admin,
    agent: { org: '*', name: 'refund-bot', version: '1', capabilities: [{ actions: ['**'] }] },
  },
  {
    kind: 'register-tool',
    id: 'c-2',
    by: admin,
    tool: {
      name: 'refund',
      action: 'order.refund',
      resource: 'order/{orderId}',
      estimate: { usd: { argument: 'amount' } },
      hasSchema: false,
      definition: 'definition-1',
    },
    replace: false,
  },
  {
    kind: 'activate-policy',
    id: 'c-3',
    by: admin,
    document: {
      format: 1,
      version: 1,
      actions: { 'order.refund': { resource: 'order/*' } },
      tiers: { autoApprove: ['order.*'] },
      rules: [
        {
          id: 'large-refunds',
          effect: 'deny',
          match: { action: 'order.refund' },
          when: { path: 'arguments.amount', moreThan: '100.00' },
        },
      ],
    },
    hash: 'hash-1',
  },
  {
    kind: 'open-session',
    id: 'c-4',
    by: service,
    session: 's-1',
    agent: 'refund-bot',
    mode: 'live',
    budget: { actions: 1_000, usd: 1_000_000_000 },
    activate: true,
  },
];

class Records implements StateView {
  readonly #values = new Map<string, RecordChange['value']>();

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    return this.#values.get(`${kind} ${key}`) as RecordsByKind[K] | undefined;
  }

  put({ kind, key, value }: RecordChange): void {
    this.#values.set(`${kind} ${key}`, value);
  }
}

/** A function that handles one new authorize and says whether the kernel allowed it. */
export function authorizeWorld(): (number: number) => boolean {
  const records = new Records();
  let index = 0;
  for (const command of setUp) {
    const { events, answer } = handle(records, command, { now, index });
    if (answer.status !== 'done') throw new Error(`${command.kind}: ${JSON.stringify(answer)}`);
    for (const event of events) {
      const changes = apply(records, event, { index, at: now, by: command.by });
      for (const change of changes) records.put(change);
      index += 1;
    }
  }
  return (number) => {
    const command: Command = {
      kind: 'authorize',
      id: `c-${number}`,
      by: service,
      session: 's-1',
      tool: 'refund',
      definition: 'definition-1',
      arguments: { orderId: `o-${number}`, amount: '0.25' },
      argumentsDigest: 'digest-1',
      estimate: {},
      start: true,
    };
    const { events } = handle(records, command, { now, index });
    const [event] = events;
    return event?.type === 'action-decided' && event.data.outcome === 'allow';
  };
}
