/**
 * Tools as the host declares them, and what the log pins of each: the hash of the whole definition.
 *
 * What decides (action, resource, cost, schema) is read from the declaration once, when the tool is bound,
 * and copied: changing the object afterwards changes nothing that is governed.
 */
import { hash } from 'node:crypto';
import {
  type EstimateTerm,
  isName,
  isOpaque,
  isResourceTemplate,
  isUnit,
  limits,
  exactly,
  parseAmount,
  quoted,
  sortedEntries,
  type ToolRecord,
  unitProblem,
} from '../../kernel/index.ts';
import { canonicalJson, CanonicalJsonError } from '../../log/index.ts';
import { fault } from '../error.ts';

/** A tool's declaration: everything but its code. */
export interface ToolDeclaration {
  /** Unique name, exact and case-sensitive. */
  readonly name: string;
  /** The policy's action that a call of this tool is. */
  readonly action: string;
  /** Which resource a call touches, as a template over the arguments; the tool's name by default. */
  readonly resource?: string;
  readonly description?: string;
  /** JSON Schema (2020-12) that the arguments have to fit. */
  readonly inputSchema?: object;
  /** Whether a call of it is a call of a model, which is then named with the call. */
  readonly isModel?: true;
  /**
   * The most a call can cost, by unit: an exact amount, or `{ argument: 'amount' }` where an argument says
   * it. What is not declared counts as nothing, and any use of it freezes the budget.
   */
  readonly estimate?: Readonly<Record<string, string | number | { readonly argument: string }>>;
  /**
   * What else is pinned of a definition that somebody else wrote, such as its title and annotations: plain
   * data. The whole definition is then kept beside the log, so that a change of it can be shown.
   */
  readonly foreign?: Readonly<Record<string, unknown>>;
}

/** A declaration, checked and pinned. */
export interface BoundTool {
  readonly record: Omit<ToolRecord, 'changedIndex'>;
  readonly inputSchema: object | undefined;
  /** The definition as canonical JSON, where it is somebody else's. */
  readonly foreignText?: string;
}

const definitionLimits = {
  depthMax: limits.argumentsDepthMax,
  bytesMax: limits.toolDefinitionBytesMax,
  membersMax: limits.argumentsMembersMax,
};

/** Of a declaration, and of the code that hosts keep beside it. */
const known: ReadonlySet<string> = new Set([
  'name',
  'action',
  'resource',
  'description',
  'inputSchema',
  'isModel',
  'estimate',
  'foreign',
  'execute',
  'usage',
  'dryRun',
]);

/** What is misspelt may have been the resource that rules are about, or the cost that is reserved. */
function assertKnown(declaration: ToolDeclaration): void {
  const given: unknown = declaration;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw fault('tool-ungovernable', 'a tool is declared by an object');
  }
  const unknown = Object.keys(declaration).find((member) => !known.has(member));
  if (unknown === undefined) return;
  throw fault(
    'tool-ungovernable',
    `tool ${quoted(declaration.name)} has the member ${quoted(unknown)}, which nothing heeds`,
  );
}

/** What is of another type than it can be would be taken for nothing: no estimate, no schema. */
function assertTypes(declaration: ToolDeclaration): void {
  const { name, description, isModel }: Readonly<Record<string, unknown>> = { ...declaration };
  const odd = (member: string, is: string) =>
    fault('tool-ungovernable', `tool ${quoted(name)}: \`${member}\` is no ${is}`);
  for (const member of ['estimate', 'inputSchema', 'foreign'] as const) {
    const given: unknown = declaration[member];
    if (given !== undefined && !isPlainObject(given)) throw odd(member, 'object with members');
  }
  if (description !== undefined && typeof description !== 'string')
    throw odd('description', 'text');
  if (isModel !== undefined && typeof isModel !== 'boolean') throw odd('isModel', 'truth value');
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isOpaque(value);
}

/** Checks a declaration and computes its hash. Throws `tool-ungovernable` with what is wrong. */
export function bindTool(declaration: ToolDeclaration): BoundTool {
  assertKnown(declaration);
  assertTypes(declaration);
  const { name, action, description, inputSchema, isModel, foreign } = declaration;
  if (!isName(name)) throw fault('tool-ungovernable', `the name ${quoted(name)} is not valid`);
  if (!isName(action)) {
    throw fault('tool-ungovernable', `tool ${quoted(name)} has no valid action`);
  }
  const { resource = name } = declaration;
  if (!isResourceTemplate(resource)) {
    throw fault('tool-ungovernable', `tool ${quoted(name)} has no valid resource template`);
  }
  const terms = sortedEntries(declaration.estimate ?? {});
  if (terms.length > limits.unitsMax) {
    const message = `tool ${quoted(name)}: an estimate has at most ${limits.unitsMax} units`;
    throw fault('tool-ungovernable', message);
  }
  const estimate = Object.fromEntries(
    terms.map(([unit, term]) => [unit, estimateTerm(name, unit, term)]),
  );
  const described = {
    name,
    action,
    resource,
    estimate,
    ...(description === undefined ? {} : { description }),
    ...(inputSchema === undefined ? {} : { inputSchema }),
    ...(isModel === true ? { isModel } : {}),
    ...(foreign === undefined ? {} : { foreign }),
  };
  const text = canonicalDefinition(name, described);
  const schemaText = inputSchema === undefined ? undefined : canonicalDefinition(name, inputSchema);
  return {
    record: {
      name,
      action,
      resource,
      estimate,
      hasSchema: inputSchema !== undefined,
      ...(isModel === true ? { isModel } : {}),
      definition: hash('sha256', text, 'hex'),
    },
    inputSchema: schemaText === undefined ? undefined : (JSON.parse(schemaText) as object),
    ...(foreign === undefined ? {} : { foreignText: text }),
  };
}

function estimateTerm(
  tool: string,
  unit: string,
  term: string | number | { readonly argument: string },
): EstimateTerm {
  const ungovernable = (why: string) =>
    fault('tool-ungovernable', `tool ${quoted(tool)}: estimate ${why}`);
  if (!isUnit(unit)) throw ungovernable(unitProblem(unit));
  if (typeof term === 'object' && term !== null && typeof term.argument === 'string') {
    const heeded = Object.keys(term).length === 1;
    if (!heeded) throw ungovernable(`${quoted(unit)} may have an \`argument\`, and nothing else`);
    return { argument: term.argument };
  }
  const amount = parseAmount(unit, term);
  if (amount !== undefined) return { amount };
  const isText = typeof term === 'string' || typeof term === 'number';
  const given = isText ? quoted(term) : `a value of type ${typeof term}`;
  throw ungovernable(`${given} is no exact amount in ${quoted(unit)}; ${exactly}`);
}

function canonicalDefinition(tool: string, value: unknown): string {
  try {
    return canonicalJson(value, definitionLimits);
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    throw fault('tool-ungovernable', `tool ${quoted(tool)}: ${failure.message}`, failure);
  }
}
