/**
 * The evaluators that policies may name. Nothing is discovered: what is not passed in does not
 * exist.
 *
 * Each config is copied and frozen before an evaluator sees it, and fits the evaluator's schema.
 * The same config object is read once; changing it later changes nothing.
 */
import { Validator } from '@cfworker/json-schema';
import { type EvaluatorKind, quoted } from '../kernel/index.ts';
import { canonicalJson, CanonicalJsonError, frozenFromCanonical } from '../log/index.ts';
import { builtInEvaluators } from './builtin/built-in.ts';
import { Evaluator, type RegisteredDefinition } from './evaluator.ts';
import { oncePerObject } from './once-per-object.ts';
import { printableReason } from './answer.ts';

/** An evaluator with a config that it takes, or the sentence that says why there is none. */
export type ResolvedEvaluator =
  | { readonly definition: RegisteredDefinition; readonly config: unknown }
  | { readonly problem: string };

interface Registered {
  readonly definition: RegisteredDefinition;
  readonly resolve: (config: object) => ResolvedEvaluator;
}

const kindNames: Readonly<Record<EvaluatorKind, string>> = {
  guardrail: 'an evaluator',
  'risk-classifier': 'a risk classifier',
  'asset-classifier': 'an asset classifier',
};

/** Stands for the config of a guardrail that has none, and so takes the defaults. */
const noConfig: object = Object.freeze({});

export class EvaluatorRegistry {
  readonly #registered: ReadonlyMap<string, Registered>;

  private constructor(registered: ReadonlyMap<string, Registered>) {
    this.#registered = registered;
    Object.freeze(this);
  }

  /**
   * Throws a `TypeError` for what `defineEvaluator` did not make, and for a name that is used
   * twice. The names of the built-in evaluators stay theirs, also where `builtIn: false` leaves
   * them out.
   */
  static of(
    evaluators: Iterable<Evaluator> = [],
    { builtIn = true }: { readonly builtIn?: boolean } = {},
  ): EvaluatorRegistry {
    const reserved = new Set(builtInEvaluators.map(({ name }) => name));
    const registered = new Map<string, Registered>();
    for (const evaluator of builtIn ? builtInEvaluators : []) {
      registered.set(evaluator.name, registeredOf(evaluator));
    }
    for (const evaluator of evaluators) {
      const each = registeredOf(evaluator);
      const { name } = each.definition;
      if (reserved.has(name)) {
        throw new TypeError(`evaluator \`${name}\` is built in; give yours another name`);
      }
      if (registered.has(name)) throw new TypeError(`evaluator \`${name}\` is registered twice`);
      registered.set(name, each);
    }
    return new EvaluatorRegistry(registered);
  }

  get names(): readonly string[] {
    return [...this.#registered.keys()];
  }

  /**
   * What is wrong with a guardrail's evaluator or config, or undefined. For when a policy is
   * activated.
   */
  checkConfig(
    name: string,
    config?: unknown,
    kind: EvaluatorKind = 'guardrail',
  ): string | undefined {
    const resolved = this.resolve(name, config, kind);
    return 'problem' in resolved ? resolved.problem : undefined;
  }

  /** Why an evaluator cannot say where what it refuses is, or undefined where it can. */
  checkRedaction(name: string, config?: unknown): string | undefined {
    const resolved = this.resolve(name, config);
    if ('problem' in resolved) return resolved.problem;
    const { redaction } = resolved.definition;
    if (redaction === undefined) {
      return `evaluator \`${name}\` cannot redact: it does not say where what it refuses is`;
    }
    const wrong: unknown = redaction.checkConfig?.(resolved.config);
    if (wrong === undefined) return undefined;
    const detail = typeof wrong === 'string' ? printableReason(wrong) : 'no reason was given';
    return `evaluator \`${name}\` cannot redact: ${detail}`;
  }

  /** `kind`: what it is needed as. One of another kind would not answer what is asked. */
  resolve(name: string, config?: unknown, kind: EvaluatorKind = 'guardrail'): ResolvedEvaluator {
    const registered = this.#registered.get(name);
    if (registered === undefined) {
      const known = this.names.length === 0 ? 'none are' : `known are ${this.names.join(', ')}`;
      return { problem: `evaluator ${quoted(name)} is not registered; ${known}` };
    }
    if (registered.definition.kind !== kind) {
      const [is, wanted] = [registered.definition.kind, kind].map((each) => kindNames[each]);
      return { problem: `\`${name}\` is ${is}, and ${wanted} is needed` };
    }
    if (registered.definition.configSchema === undefined) {
      if (config === undefined) return { definition: registered.definition, config };
      return { problem: `evaluator \`${name}\` takes no config` };
    }
    if (config === undefined) return registered.resolve(noConfig);
    if (typeof config === 'object' && config !== null) return registered.resolve(config);
    return { problem: `the config of evaluator \`${name}\` must be an object` };
  }
}

function registeredOf(evaluator: unknown): Registered {
  const definition = Evaluator.definitionOf(evaluator);
  if (definition === undefined) {
    throw new TypeError('only what `defineEvaluator` and its like return can be registered');
  }
  // The validator writes into the schema that it is given, so it gets one of its own.
  const schema = JSON.parse(canonicalJson(definition.configSchema ?? {})) as object;
  const validator = new Validator(schema, '2020-12', true);
  return {
    definition,
    resolve: oncePerObject((config) => resolveConfig(definition, validator, config)),
  };
}

function resolveConfig(
  definition: RegisteredDefinition,
  validator: Validator,
  written: object,
): ResolvedEvaluator {
  const subject = `the config of evaluator \`${definition.name}\``;
  try {
    const config = frozenFromCanonical(canonicalJson(written));
    const { valid, errors } = validator.validate(config);
    if (!valid) {
      // The last error is the innermost one, which says most.
      const { keyword = 'schema', instanceLocation = '#', error = '' } = errors.at(-1) ?? {};
      const place = quoted(instanceLocation);
      if (keyword === 'false') return { problem: `${subject} has ${place}, which is not known` };
      const detail = printableReason(error).replace(/\.$/, '');
      return { problem: `${subject} does not fit: ${keyword} at ${place}: ${detail}` };
    }
    const wrong: unknown = definition.checkConfig?.(config);
    if (wrong === undefined) return { definition, config };
    const detail = typeof wrong === 'string' ? printableReason(wrong) : 'no reason was given';
    return { problem: `${subject} is refused: ${detail}` };
  } catch (failure) {
    const unfit = failure instanceof CanonicalJsonError ? `: ${failure.message}` : '';
    return { problem: `${subject} could not be checked${unfit}` };
  }
}
