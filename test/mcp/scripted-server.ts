/**
 * An MCP server of 2025 that answers as its first argument says: by method, a list of answers of which the last
 * one stays. An answer is a result as the text of its JSON, or else an error; what is not there is `{}`.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Scripted {
  /** As JSON. A text, since what is nested too deep for a program's stack can be sent all the same. */
  readonly result?: string;
  readonly error?: string;
  /** Logs what it is told here every 20 ms from then on, for as long as it runs. */
  readonly logs?: string;
  /** Waits with its answer until this file is there; that it was asked says one with `.asked` behind its name. */
  readonly after?: string;
  /** Tells this before it answers: a method. */
  readonly tells?: string;
  /** Ends in place of an answer. */
  readonly dies?: true;
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

function answer(id: unknown, { after, dies, ...scripted }: Scripted): void {
  if (dies === true) process.exit(1);
  if (after === undefined) return answerNow(id, scripted);
  writeFileSync(`${after}.asked`, '');
  const looking = setInterval(() => {
    if (!existsSync(after)) return;
    clearInterval(looking);
    answerNow(id, scripted);
  }, 20).unref();
}

function answerNow(id: unknown, { result = '{}', error, logs, tells }: Scripted): void {
  if (tells !== undefined) write(`"method":${JSON.stringify(tells)},"params":{}`);
  const text =
    error === undefined
      ? `"result":${result}`
      : `"error":${JSON.stringify({ code: -32_000, message: error })}`;
  if (logs !== undefined) {
    const params = JSON.stringify({ level: 'error', data: logs });
    // It ends with its input: whoever ends it would wait two seconds for one that goes on.
    setInterval(() => write(`"method":"notifications/message","params":${params}`), 20).unref();
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
