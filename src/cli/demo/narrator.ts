/**
 * Tells the run as it happens: for people one short line for each thing, for programs one JSON line for each
 * decision. It reports what it is given and decides nothing.
 */
import type { LogEvent } from '../../engine/index.ts';
import { eventSummary } from '../event-summary.ts';
import { brief, type Colors, colorsFor, jsonLine, shown, terminal } from '../terminal.ts';

export interface NarratorOptions {
  readonly json: boolean;
  /** No pauses for the reader. */
  readonly fast: boolean;
}

/** What the reader is not told of each tool and agent: the registry at the start. */
const quietTypes: ReadonlySet<string> = new Set([
  'agent-registered',
  'tool-registered',
  'policy-activated',
]);

export class Narrator {
  readonly #options: NarratorOptions;
  readonly #colors: Colors = colorsFor(terminal().stdout);

  constructor(options: NarratorOptions) {
    this.#options = options;
  }

  /** A moment for the reader, where there is one. */
  pause(ms: number): Promise<void> {
    return this.#options.fast || this.#options.json ? Promise.resolve() : this.workFor(ms);
  }

  /** Time that passes in any case, because something is to happen in it. */
  workFor(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  }

  heading(text: string): void {
    this.#print(`\n${this.#colors.bold(shown(text))}`);
  }

  note(text: string): void {
    this.#print(shown(text));
  }

  says(text: string): void {
    this.#line('model', this.#colors.cyan(brief(text, 160)));
  }

  calls(tool: string, callArguments: object, repeated: boolean): void {
    const call = brief(`${tool} ${JSON.stringify(callArguments)}`, 140);
    this.#line('', `${repeated ? 'again ' : ''}${call}`);
  }

  told(text: string, isError: boolean): void {
    const { red, dim } = this.#colors;
    this.#line('told', isError ? red(brief(text, 200)) : dim(brief(text, 140)));
  }

  person(name: string, text: string): void {
    this.#line(name, this.#colors.magenta(shown(text)));
  }

  fact(name: string, text: string): void {
    this.#line(name, shown(text));
  }

  event(event: LogEvent): void {
    if (this.#options.json) {
      if (event.type === 'action-decided') this.json(decisionJson(event));
      return;
    }
    if (quietTypes.has(event.type)) return;
    this.#line(`#${event.index}`, `${shown(event.type)}: ${eventSummary(event, 150)}`);
  }

  json(value: object): void {
    terminal().stdout.write(`${jsonLine(value)}\n`);
  }

  /** Text as it is, for people only. */
  block(text: string): void {
    this.#print(text);
  }

  get isJson(): boolean {
    return this.#options.json;
  }

  get colors(): Colors {
    return this.#colors;
  }

  #line(who: string, text: string): void {
    this.#print(`  ${this.#colors.dim(who.padEnd(7))} ${text}`);
  }

  #print(text: string): void {
    if (!this.#options.json) terminal().stdout.write(`${text}\n`);
  }
}

function decisionJson({ index, at, session, sequence, by, data }: LogEvent): object {
  return {
    kind: 'decision',
    index,
    at: new Date(at).toISOString(),
    session,
    sequence,
    by: by.id,
    ...data,
  };
}
