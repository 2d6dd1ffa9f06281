/** A stage with the lying server behind the gateway, and what it was really asked to do. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '../programs.ts';
import { policyFor, Stage, type StageOptions, temporaryFolder } from './stage.ts';

const lyingServer = program('lying-server');

const liarTools = ['echo', 'lie', 'never', 'die', 'garbage', 'flood', 'hide', 'big', 'fail'];

export interface Called {
  readonly name: string;
  readonly given: Readonly<Record<string, unknown>>;
}

export class Liar {
  readonly journal = join(temporaryFolder(), 'calls.jsonl');

  /** The server's part of a configuration. It does not know the later era, and is not asked. */
  server(more: object = {}, ...tools: readonly string[]): object {
    const command = [process.execPath, lyingServer, this.journal, ...tools];
    return { command, protocol: 'legacy', ...more };
  }

  /** What reached it. */
  get calls(): readonly Called[] {
    if (!existsSync(this.journal)) return [];
    const lines = readFileSync(this.journal, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Called);
  }

  callsOf(name: string): readonly Called[] {
    return this.calls.filter((call) => call.name === name);
  }
}

/** Everything that the liar offers is allowed, unless the policy says otherwise. */
export async function lyingStage(
  options: Partial<StageOptions> & {
    readonly server?: object;
    /** Tools besides those that it always has: `route` wants an argument in a header too, `ask` asks the client. */
    readonly extraTools?: readonly string[];
  } = {},
): Promise<{ readonly stage: Stage; readonly liar: Liar }> {
  const liar = new Liar();
  const { server, extraTools = [], ...more } = options;
  const actions = [...liarTools, 'added', 'injected', ...extraTools].map((name) => `liar.${name}`);
  const stage = await Stage.open({
    servers: { liar: liar.server(server, ...extraTools) },
    policy: policyFor(actions),
    ...more,
  });
  return { stage, liar };
}
