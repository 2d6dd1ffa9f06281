/**
 * The tools of the demo's agent: real work on real files and a real database, without a thought for what is
 * allowed. That is said in the declarations beside them, and decided by the policy.
 */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonSchema, tool } from 'ai';
import type { AiToolDeclarations } from '../../enforce/adapters/ai-sdk.ts';
import type { Workspace } from './workspace.ts';

/** How long the report takes for one order; all of them take some seconds. */
const reportRowMs = 60;

/** What the slow tool saw of its signal: it is asked afterwards, as a witness. */
export interface Witness {
  signalFired: boolean;
  rowsWritten: number;
}

export function deskTools(workspace: Workspace, witness: Witness) {
  return { ...orderTools(workspace), ...fileTools(workspace, witness) };
}

export type DeskTools = ReturnType<typeof deskTools>;

export const deskDeclarations: AiToolDeclarations<DeskTools> = {
  read_order: { action: 'order.read', resource: 'order/{orderId}' },
  cancel_order: { action: 'order.cancel', resource: 'order/{orderId}' },
  delete_order: { action: 'order.delete', resource: 'order/{orderId}' },
  refund_order: {
    action: 'order.refund',
    resource: 'order/{orderId}',
    estimate: { usd: { argument: 'amount' } },
  },
  read_file: { action: 'file.read', resource: 'file/{+path}' },
  write_file: { action: 'file.write', resource: 'file/{+path}' },
  delete_file: { action: 'file.delete', resource: 'file/{+path}' },
  build_report: { action: 'report.build', resource: 'file/{+path}' },
};

function orderTools({ orders }: Workspace) {
  const oneOrder = inputs<{ orderId: string }>('orderId');
  return {
    read_order: tool({
      description: 'Reads an order',
      inputSchema: oneOrder,
      execute: ({ orderId }) => orders.order(orderId),
    }),
    cancel_order: tool({
      description: 'Cancels an order and keeps it in the books',
      inputSchema: oneOrder,
      execute: ({ orderId }) => orders.setStatus(orderId, 'cancelled'),
    }),
    delete_order: tool({
      description: 'Deletes an order for good',
      inputSchema: oneOrder,
      execute: ({ orderId }) => {
        orders.remove(orderId);
        return { deleted: orderId };
      },
    }),
    refund_order: tool({
      description: 'Pays a customer back',
      inputSchema: inputs<{ orderId: string; amount: string; reason: string }>(
        'orderId',
        'amount',
        'reason',
      ),
      execute: ({ orderId, amount, reason }) => orders.refund(orderId, amount, reason),
    }),
  };
}

function fileTools(workspace: Workspace, witness: Witness) {
  const { orders } = workspace;
  const locate = (path: string): string => workspace.locate(path);
  return {
    read_file: tool({
      description: 'Reads a file',
      inputSchema: inputs<{ path: string }>('path'),
      execute: ({ path }) => readFileSync(locate(path), 'utf8'),
    }),
    write_file: tool({
      description: 'Writes a file',
      inputSchema: inputs<{ path: string; text: string }>('path', 'text'),
      execute: ({ path, text }) => {
        writeFileSync(locate(path), text);
        return { written: path, characters: text.length };
      },
    }),
    delete_file: tool({
      description: 'Deletes a file',
      inputSchema: inputs<{ path: string }>('path'),
      execute: ({ path }) => {
        rmSync(locate(path));
        return { deleted: path };
      },
    }),
    build_report: tool({
      description: 'Writes a report over all orders; takes a while',
      inputSchema: inputs<{ path: string }>('path'),
      execute: async ({ path }, { abortSignal }) => {
        abortSignal?.addEventListener('abort', () => {
          witness.signalFired = true;
        });
        for (const { id, total, refunded } of orders.all()) {
          const options = abortSignal === undefined ? {} : { signal: abortSignal };
          await sleep(reportRowMs, undefined, options).catch(() => {});
          abortSignal?.throwIfAborted();
          appendFileSync(locate(path), `${id},${total},${refunded}\n`);
          witness.rowsWritten += 1;
        }
        return { rows: witness.rowsWritten };
      },
    }),
  };
}

/** An object of required texts. */
function inputs<T extends Record<string, string>>(...names: (keyof T & string)[]) {
  return jsonSchema<T>({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    required: names,
    additionalProperties: false,
  });
}
