/**
 * Evaluators and classifiers: code that a policy names, and that runs before a call is decided, on
 * what comes into a session, or on what a tool gave back.
 *
 * None can be stood in for by an object of the same shape: only `defineEvaluator` and its like make
 * them, and a registry takes nothing else. What one is was read once, and is frozen.
 */
import { type EvaluatorKind, isName, quoted, type RiskLevel } from '../kernel/index.ts';
import { canonicalJson, frozenFromCanonical } from '../log/index.ts';
import type { TextSpan } from './redact.ts';

/** What an evaluator looks at. Frozen throughout. */
export interface EvaluatorSubject {
  readonly stage: 'input' | 'tool' | 'output';
  /** What came in; what the call carries, as the tool will get it; or what the tool gave back. */
  readonly content: unknown;
  /** The canonical JSON of the content. */
  readonly text: string;
  /** Empty at `input`, as are `action` and `resource`. */
  readonly tool: string;
  readonly action: string;
  readonly resource: string;
  readonly agent: string;
  readonly principal: string;
  readonly org: string;
  readonly session: string;
}

/** What the content is, in a sentence. */
export function contentName({ stage }: EvaluatorSubject): string {
  return { input: 'the input', tool: 'the arguments', output: 'the result' }[stage];
}

/** What an evaluator answers: exactly one of these shapes, without further members. */
export type EvaluatorVerdict =
  | { readonly outcome: 'pass' }
  | { readonly outcome: 'refuse'; readonly reason: string };

/** What a risk classifier answers. The reason is shown where the level raises the risk. */
export interface RiskClass {
  readonly level: RiskLevel;
  readonly reason: string;
}

/** What an asset classifier answers: names, none where the resource is nothing special. */
export interface AssetClasses {
  readonly classes: readonly string[];
}

export interface EvaluatorContext<Config> {
  /** What the policy says; it fits the schema, and is frozen. */
  readonly config: Config;
  /**
   * Fires when the answer is no longer wanted. A listener MUST NOT throw: nothing could catch it.
   */
  readonly signal: AbortSignal;
}

interface Definition<Config> {
  /** Unique name, exact and case-sensitive. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema (2020-12) of the config. Without one there is no config. */
  readonly configSchema?: object;
  /**
   * What is wrong with a config that fits the schema, or undefined. Asked when a policy is
   * activated.
   */
  checkConfig?(config: Config): string | undefined;
}

type Run<Config, Answer> = (
  subject: EvaluatorSubject,
  context: EvaluatorContext<Config>,
) => Answer | Promise<Answer>;

/** How an evaluator says where what it refuses is, so that a guardrail on results can take it out. */
export interface Redaction<Config> {
  /**
   * Where in the text, which is all texts of the content, one a line, there is what `evaluate` refuses:
   * all of each, and not just what it is known by. What is left is evaluated again, and withheld where it
   * is refused still. MUST answer at once.
   */
  find(text: string, config: Config): readonly TextSpan[];
  /** Why it cannot say so under a config, or undefined. Asked when a policy is activated. */
  checkConfig?(config: Config): string | undefined;
}

export interface EvaluatorDefinition<Config> extends Definition<Config> {
  readonly redaction?: Redaction<Config>;
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

export interface ClassifierDefinition<Config, Answer> extends Definition<Config> {
  /** As `evaluate` of an evaluator: MUST answer for every subject, or the call is denied. */
  classify(subject: EvaluatorSubject, context: EvaluatorContext<Config>): Answer | Promise<Answer>;
}

/** What a registry keeps of one, whatever it answers. */
export interface RegisteredDefinition extends Definition<unknown> {
  readonly redaction?: Redaction<unknown>;
  readonly kind: EvaluatorKind;
  readonly run: Run<unknown, unknown>;
}

export class Evaluator {
  readonly #definition: RegisteredDefinition;

  /** Use `defineEvaluator` and its like, which check the definition. */
  constructor(definition: RegisteredDefinition) {
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
  static definitionOf(value: unknown): RegisteredDefinition | undefined {
    if (typeof value !== 'object' || value === null || !(#definition in value)) return undefined;
    return value.#definition;
  }
}

/** A guardrail's code. Throws a `TypeError` that names what is wrong with the definition. */
export function defineEvaluator<Config>(definition: EvaluatorDefinition<Config>): Evaluator {
  return defined('guardrail', definition, 'evaluate', definition.redaction);
}

/** Code that says how risky a call is: it can raise the risk of its action, and never lower it. */
export function defineRiskClassifier<Config>(
  definition: ClassifierDefinition<Config, RiskClass>,
): Evaluator {
  return defined('risk-classifier', definition, 'classify');
}

/** Code that says what the resource of a call is. */
export function defineAssetClassifier<Config>(
  definition: ClassifierDefinition<Config, AssetClasses>,
): Evaluator {
  return defined('asset-classifier', definition, 'classify');
}

function defined<Config, Member extends string>(
  kind: EvaluatorKind,
  definition: Definition<Config> & Readonly<Record<Member, Run<Config, unknown>>>,
  member: Member,
  redaction?: Redaction<Config>,
): Evaluator {
  const { name, description, configSchema, [member]: run } = definition;
  const what = kind === 'guardrail' ? 'an evaluator' : 'a classifier';
  const known = ['name', 'description', 'configSchema', 'checkConfig', member];
  assertKnown(what, definition, kind === 'guardrail' ? [...known, 'redaction'] : known);
  if (!isName(name)) throw new TypeError(`${what} cannot be called ${quoted(name)}`);
  if (typeof description !== 'string' || description === '') {
    throw new TypeError(`\`${name}\` has no description`);
  }
  if (typeof run !== 'function') {
    throw new TypeError(`\`${name}\` has no function \`${member}\``);
  }
  if (definition.checkConfig !== undefined && typeof definition.checkConfig !== 'function') {
    throw new TypeError(`\`${name}\` has a \`checkConfig\` that is no function`);
  }
  if (redaction !== undefined && typeof redaction.find !== 'function') {
    throw new TypeError(`\`${name}\` has a \`redaction\` without a function \`find\``);
  }
  if (redaction !== undefined) assertKnown('a redaction', redaction, ['find', 'checkConfig']);
  // The config of another type than the schema's never gets here: the registry sees to it.
  const read = definition as Definition<unknown>;
  const frozen: RegisteredDefinition = {
    kind,
    name,
    description,
    ...(configSchema === undefined ? {} : { configSchema: frozenSchema(name, configSchema) }),
    ...(read.checkConfig === undefined ? {} : { checkConfig: read.checkConfig.bind(definition) }),
    ...(redaction === undefined ? {} : { redaction: boundRedaction(redaction) }),
    run: (run as Run<unknown, unknown>).bind(definition),
  };
  return new Evaluator(Object.freeze(frozen));
}

/** Throws a `TypeError` for a member that is not listed: it may be a check that nobody would make. */
function assertKnown(what: string, definition: object, known: readonly string[]): void {
  const unknown = Object.keys(definition).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw new TypeError(`${what} has no \`${unknown}\`; known are ${names}`);
}

function boundRedaction<Config>(redaction: Redaction<Config>): Redaction<unknown> {
  const read = redaction as Redaction<unknown>;
  return Object.freeze({
    find: read.find.bind(redaction),
    ...(read.checkConfig === undefined ? {} : { checkConfig: read.checkConfig.bind(redaction) }),
  });
}

function frozenSchema(name: string, schema: unknown): object {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new TypeError(`the config schema of \`${name}\` is no object`);
  }
  return frozenFromCanonical(canonicalJson(schema)) as object;
}
