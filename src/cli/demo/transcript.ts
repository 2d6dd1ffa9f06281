/**
 * Transcripts: what the scripted model does, as data. One step is one turn of the model: what it says and the
 * one tool call it makes.
 *
 *   scene      a heading for the reader
 *   say        what the model says
 *   call       the tool and its arguments; `repeat: true` sends the last call again, under the same id
 *   ifTold     the step is left out unless the answer to the last call has this text in it
 *   meanwhile  what people do while the call is under way: approve, deny, kill
 *   expect     how the call ends: result, deny, steer, approval, repeat, error
 */
import gatewayTranscript from './gateway-transcript.json' with { type: 'json' };
import transcript from './transcript.json' with { type: 'json' };
import { CommandError } from '../exit.ts';
import { readJsonFile } from '../json-file.ts';

const endings = ['result', 'deny', 'steer', 'approval', 'repeat', 'error'] as const;
export type Ending = (typeof endings)[number];

const interventions = ['approve', 'deny', 'kill'] as const;
export type Intervention = (typeof interventions)[number];

export interface TranscriptCall {
  readonly tool: string;
  readonly arguments: object;
}

export interface TranscriptStep {
  readonly scene: string | undefined;
  readonly say: string;
  /** Undefined to send the last call again. */
  readonly call: TranscriptCall | undefined;
  readonly ifTold: string | undefined;
  readonly meanwhile: Intervention | undefined;
  readonly expect: Ending | undefined;
}

export interface Transcript {
  readonly title: string;
  readonly steps: readonly TranscriptStep[];
  readonly closing: string;
}

const stepsMax = 100;

/** The built-in stories: the refund desk, and the letters that are written through the gateway. */
const stories = { transcript, 'gateway-transcript': gatewayTranscript } as const;
type Story = keyof typeof stories;

/** Reads a transcript, the built-in one by default. Throws a `CommandError` that says what is wrong where. */
export function readTranscript(path?: string, story: Story = 'transcript'): Transcript {
  const value: unknown = path === undefined ? stories[story] : readJsonFile(path);
  return new Reader(path ?? `${story}.json`).transcript(value);
}

type Members = Readonly<Record<string, unknown>>;

class Reader {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  transcript(value: unknown): Transcript {
    const known: readonly (keyof typeof transcript)[] = ['format', 'title', 'steps', 'closing'];
    const { format, title, steps, closing } = this.#members('$', value, known);
    if (format !== 1) this.#refuse('$.format', 'must be 1');
    if (!Array.isArray(steps) || steps.length === 0 || steps.length > stepsMax) {
      return this.#refuse('$.steps', `must be a list of 1 to ${stepsMax} steps`);
    }
    const read = steps.map((step, position) => this.#step(`$.steps[${position}]`, step));
    if (read[0]?.call === undefined) this.#refuse('$.steps[0]', 'has no call to repeat');
    return {
      title: this.#text('$.title', title),
      steps: read,
      closing: this.#text('$.closing', closing),
    };
  }

  #step(place: string, value: unknown): TranscriptStep {
    const known = ['scene', 'say', 'call', 'repeat', 'ifTold', 'meanwhile', 'expect'];
    const step = this.#members(place, value, known);
    const { call, repeat, meanwhile, expect } = step;
    if ((call === undefined) === (repeat === undefined)) {
      this.#refuse(place, 'needs either `call` or `repeat`');
    }
    if (repeat !== undefined && repeat !== true) this.#refuse(`${place}.repeat`, 'must be true');
    return {
      scene: this.#optionalText(`${place}.scene`, step['scene']),
      say: this.#text(`${place}.say`, step['say']),
      call: call === undefined ? undefined : this.#call(`${place}.call`, call),
      ifTold: this.#optionalText(`${place}.ifTold`, step['ifTold']),
      meanwhile: this.#choice(`${place}.meanwhile`, meanwhile, interventions),
      expect: this.#choice(`${place}.expect`, expect, endings),
    };
  }

  #call(place: string, value: unknown): TranscriptCall {
    const call = this.#members(place, value, ['tool', 'arguments']);
    const callArguments = call['arguments'];
    if (typeof callArguments !== 'object' || callArguments === null) {
      return this.#refuse(`${place}.arguments`, 'must be an object');
    }
    return { tool: this.#text(`${place}.tool`, call['tool']), arguments: callArguments };
  }

  #members(place: string, value: unknown, known: readonly string[]): Members {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#refuse(place, 'must be an object');
    }
    const stray = Object.keys(value).find((name) => !known.includes(name));
    if (stray !== undefined) this.#refuse(`${place}.${stray}`, 'is not known here');
    return value as Members;
  }

  #text(place: string, value: unknown): string {
    return typeof value === 'string' ? value : this.#refuse(place, 'must be a text');
  }

  #optionalText(place: string, value: unknown): string | undefined {
    return value === undefined ? undefined : this.#text(place, value);
  }

  #choice<T extends string>(place: string, value: unknown, choices: readonly T[]): T | undefined {
    const choice = choices.find((each) => each === value);
    if (value !== undefined && choice === undefined) {
      this.#refuse(place, `must be one of ${choices.join(', ')}`);
    }
    return choice;
  }

  #refuse(place: string, problem: string): never {
    throw new CommandError(
      `${this.#path}: \`${place}\` ${problem}`,
      'src/cli/demo/transcript.json is an example of a whole transcript',
    );
  }
}
