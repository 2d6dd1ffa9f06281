/**
 * An MCP server of 2025 that answers as its first argument says: by method, a list of answers of which the last
 * one stays. An answer is a result as the text of its JSON, or else an error; what is not there is `{}`.
 */
import { createInterface } from 'node:readline';

export interface Scripted {
  /** As JSON. A text, since what is nested too deep for a program's stack can be sent all the same. */
  readonly result?: string;
  readonly error?: string;
  /** Logs what it is told here every 20 ms from then on, for as long as it runs. */
  readonly logs?: string;
}

export type Script = Readonly<Record<string, readonly Scripted[]>>;

interface Request {
  readonly id?: unknown;
  readonly method?: string;
}

const script = JSON.parse(process.argv[2] ?? '{}') as Script;
const left = new Map(Object.entries(script).map(([method, answers]) => [method, [...answers]]));

function write(members: string): void {
  process.stdout.write(`{"jsonrpc":"2.0",${members}}\n`);
}

function answer(id: unknown, { result = '{}', error, logs }: Scripted): void {
  const text =
    error === undefined
      ? `"result":${result}`
      : `"error":${JSON.stringify({ code: -32_000, message: error })}`;
  if (logs !== undefined) {
    const params = JSON.stringify({ level: 'error', data: logs });
    setInterval(() => write(`"method":"notifications/message","params":${params}`), 20);
  }
  write(`"id":${JSON.stringify(id)},${text}`);
}

const greeting = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: { listChanged: true }, logging: {}, prompts: {}, resources: {} },
  serverInfo: { name: 'scripted', version: '1' },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method = '' } = JSON.parse(line) as Request;
  if (id === undefined) return;
  if (method === 'initialize') return answer(id, { result: JSON.stringify(greeting) });
  const answers = left.get(method) ?? [];
  const [first = {}] = answers;
  if (answers.length > 1) answers.shift();
  answer(id, first);
});
