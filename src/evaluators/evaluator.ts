/**
 * Evaluators: checks by code, named by a policy's guardrails, that run before a tool call is
 * decided.
 *
 * An evaluator cannot be stood in for by an object of the same shape: only `defineEvaluator` makes
 * them, and a registry takes nothing else. What it is was read once, and is frozen.
 */
import { isName, quoted } from '../kernel/index.ts';
import { canonicalJson, frozenFromCanonical } from '../log/index.ts';

/** The call that an evaluator looks at. Frozen throughout. */
export interface EvaluatorSubject {
  /** What the call carries, as the tool will get it. */
  readonly arguments: unknown;
  /** The canonical JSON of the arguments. */
  readonly text: string;
  readonly tool: string;
  readonly action: string;
  readonly resource: string;
  readonly agent: string;
  readonly principal: string;
  readonly org: string;
  readonly session: string;
}

/** What an evaluator answers: exactly one of these shapes, without further members. */
export type EvaluatorVerdict =
  | { readonly outcome: 'pass' }
  | { readonly outcome: 'refuse'; readonly reason: string };

export interface EvaluatorContext<Config> {
  /** What the guardrail says; it fits the schema, and is frozen. */
  readonly config: Config;
  /**
   * Fires when the answer is no longer wanted. A listener MUST NOT throw: nothing could catch it.
   */
  readonly signal: AbortSignal;
}

export interface EvaluatorDefinition<Config> {
  /** Unique name, exact and case-sensitive. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema (2020-12) of the config. Without one the evaluator takes no config. */
  readonly configSchema?: object;
  /**
   * What is wrong with a config that fits the schema, or undefined. Asked when a policy is
   * activated.
   */
  checkConfig?(config: Config): string | undefined;
  /**
   * MUST answer for every subject. Whatever it does instead (throws, hangs, answers something else)
   * counts as an error, which denies the call. A reason goes into the log: it MUST NOT repeat what
   * is secret.
   */
  evaluate(
    subject: EvaluatorSubject,
    context: EvaluatorContext<Config>,
  ): EvaluatorVerdict | Promise<EvaluatorVerdict>;
}

export class Evaluator {
  readonly #definition: EvaluatorDefinition<unknown>;

  /** Use `defineEvaluator`, which checks the definition. */
  constructor(definition: EvaluatorDefinition<unknown>) {
    this.#definition = definition;
    Object.freeze(this);
  }

  get name(): string {
    return this.#definition.name;
  }

  get description(): string {
    return this.#definition.description;
  }

  /** How it was defined, or undefined where `value` is no evaluator, whatever it looks like. */
  static definitionOf(value: unknown): EvaluatorDefinition<unknown> | undefined {
    if (typeof value !== 'object' || value === null || !(#definition in value)) return undefined;
    return value.#definition;
  }
}

/** Throws a `TypeError` that names what is wrong with the definition. */
export function defineEvaluator<Config>(definition: EvaluatorDefinition<Config>): Evaluator {
  const { name, description, configSchema } = definition;
  if (!isName(name)) throw new TypeError(`an evaluator cannot be called ${quoted(name)}`);
  if (typeof description !== 'string' || description === '') {
    throw new TypeError(`evaluator \`${name}\` has no description`);
  }
  if (typeof definition.evaluate !== 'function') {
    throw new TypeError(`evaluator \`${name}\` has no function \`evaluate\``);
  }
  if (definition.checkConfig !== undefined && typeof definition.checkConfig !== 'function') {
    throw new TypeError(`evaluator \`${name}\` has a \`checkConfig\` that is no function`);
  }
  // The config of another type than the schema's never reaches the evaluator: the registry sees to it.
  const read = definition as EvaluatorDefinition<unknown>;
  const frozen: EvaluatorDefinition<unknown> = {
    name,
    description,
    ...(configSchema === undefined ? {} : { configSchema: frozenSchema(name, configSchema) }),
    ...(read.checkConfig === undefined ? {} : { checkConfig: read.checkConfig.bind(definition) }),
    evaluate: read.evaluate.bind(definition),
  };
  return new Evaluator(Object.freeze(frozen));
}

function frozenSchema(name: string, schema: unknown): object {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new TypeError(`the config schema of evaluator \`${name}\` is no object`);
  }
  return frozenFromCanonical(canonicalJson(schema)) as object;
}
