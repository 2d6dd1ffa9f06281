/**
 * Tools of the Vercel AI SDK (`ai` 7), governed.
 *
 * `governTools` gives back the same tools with their code behind the guard; everything else of a tool is
 * as it was, approval settings of the SDK included. What a refused call throws, the SDK hands to the model
 * as the tool's error, so that the model reads the code, the reason and the guidance, and the loop goes on.
 *
 * A tool's definition is derived here, once, from what the model is shown (name, description, schema) and
 * what the host declares. `declareTools` derives the same for the registry, so that the hashes agree; an
 * SDK tool that changes afterwards is refused with `tool-changed`.
 *
 * What it does not do: a tool that runs elsewhere (at the provider, in a browser) has no code to guard and
 * is refused at once, and so is one in whose place the SDK runs code of its own. A description that is a
 * function of the context cannot be pinned and is left out.
 */
import { assertSession } from '../a-session.ts';
import { asSchema, type ToolExecutionOptions, type ToolSet } from 'ai';
import {
  assertMembers,
  assertObject,
  ControlPlaneError,
  type Session,
  thrownMessage,
  type ToolDeclaration,
} from '../../engine/index.ts';
import { quoted } from '../../kernel/index.ts';
import { guardWork } from '../guard.ts';
import { assertApproval, callKey, denyUndeclared } from './ai-sdk-attempt.ts';
import { type Execute, withExecute } from './ai-sdk-execute.ts';

export { governModel, type GovernModelOptions } from './ai-sdk-model.ts';
export { recordUnknownTools } from './ai-sdk-attempt.ts';

/** What governance has to know of an AI SDK tool that the tool itself does not say. */
export interface AiToolDeclaration<INPUT, OUTPUT> {
  /** The policy's action that a call of this tool is. */
  readonly action: string;
  /** Which resource a call touches, as a template over the input; the tool's name by default. */
  readonly resource?: string;
  /** The most a call can cost, by unit. */
  readonly estimate?: NonNullable<ToolDeclaration['estimate']>;
  /** What a call really cost, by unit, where that can be told from its result. */
  readonly usage?: (output: OUTPUT, input: INPUT) => Readonly<Record<string, string | number>>;
  /** What a dry run returns in place of the result; without it a dry run throws `dry-run`. */
  readonly dryRun?: (input: INPUT) => OUTPUT;
}

/** A misspelt resource or estimate would be left out of what is decided. */
const declarationKnown: ReadonlySet<string> = new Set([
  'action',
  'resource',
  'estimate',
  'usage',
  'dryRun',
] satisfies readonly (keyof AiToolDeclaration<unknown, unknown>)[]);

/** Declarations by tool name. A tool without one never runs: each call of it is denied and recorded. */
export type AiToolDeclarations<TOOLS extends ToolSet> = {
  readonly [NAME in keyof TOOLS]?: AiToolDeclaration<
    InputOf<TOOLS[NAME]['execute']>,
    OutputOf<TOOLS[NAME]['execute']>
  >;
};

// The SDK's own inference does not accept its tools where optional members are exact.
type InputOf<CODE> =
  NonNullable<CODE> extends (input: infer INPUT, options: never) => unknown ? INPUT : never;
type OutputOf<CODE> =
  NonNullable<CODE> extends (input: never, options: never) => infer OUTPUT
    ? Exclude<Awaited<OUTPUT>, AsyncIterable<unknown>>
    : never;

export interface GovernOptions {
  /** Whether a call that needs an approver waits for one, or is refused with its ticket. */
  readonly approval?: 'wait' | 'refuse';
  /** What becomes of a tool without a declaration: its calls are denied, or it is refused right here. */
  readonly undeclared?: 'deny' | 'refuse';
}

const optionsKnown = ['approval', 'undeclared'] as const satisfies readonly (keyof GovernOptions)[];

/** The declarations to register: pass them to `openControlPlane({ tools })` or `registerTool`. */
export async function declareTools<TOOLS extends ToolSet>(
  tools: TOOLS,
  declarations: AiToolDeclarations<TOOLS>,
): Promise<readonly ToolDeclaration[]> {
  assertDeclared(tools, declarations);
  const declared: ToolDeclaration[] = [];
  for (const [name, tool] of Object.entries(tools)) {
    codeOf(name, tool);
    const declaration = ownOf(declarations, name);
    if (declaration !== undefined) declared.push(await derive(name, tool, declaration));
  }
  return declared;
}

/**
 * The same tools, governed in a session. Throws `tool-ungovernable` for a tool that has no code here.
 *
 * A tool call is keyed by its `toolCallId` within the session: a message that is played again does not run
 * again. A tool that streams runs to its end first; its last value is the result, and the values before it
 * are not passed on.
 */
export async function governTools<TOOLS extends ToolSet>(
  session: Session,
  tools: TOOLS,
  declarations: AiToolDeclarations<TOOLS>,
  options: GovernOptions = {},
): Promise<TOOLS> {
  assertSession(session);
  assertMembers('the options of governed tools', options, optionsKnown);
  assertApproval(options.approval);
  const { undeclared = 'deny' } = options;
  if (undeclared !== 'deny' && undeclared !== 'refuse') {
    throw new ControlPlaneError('input-invalid', '`undeclared` is neither `deny` nor `refuse`');
  }
  assertDeclared(tools, declarations);
  const governed: Record<string, unknown> = {};
  for (const [name, tool] of Object.entries(tools)) {
    const code = codeOf(name, tool);
    const declaration = ownOf(declarations, name);
    if (declaration === undefined && undeclared === 'refuse') {
      throw ungovernable(name, 'has no declaration');
    }
    const execute =
      declaration === undefined
        ? (input: unknown, call: Partial<ToolExecutionOptions<unknown>> = {}) =>
            denyUndeclared(session, name, input, call.toolCallId)
        : guarded(session, await derive(name, tool, declaration), declaration, code, options);
    governed[name] = withExecute(tool, execute);
  }
  return governed as TOOLS;
}

function guarded(
  session: Session,
  declaration: ToolDeclaration,
  codes: Pick<AiToolDeclaration<unknown, unknown>, 'usage' | 'dryRun'>,
  code: Execute,
  { approval = 'wait' }: GovernOptions,
): Execute {
  const run = guardWork<unknown, unknown>(session, declaration, codes);
  return (input, call) => {
    const { toolCallId, abortSignal }: Partial<typeof call> = call ?? {};
    return run(
      input,
      (frozen, { signal }) => finalOutput(code(frozen, { ...call, abortSignal: signal }), signal),
      {
        idempotencyKey: callKey(session, toolCallId),
        waitForApproval: approval === 'wait',
        signal: abortSignal,
      },
    );
  };
}

/**
 * A tool's result; of one that streams, the last value, as the SDK takes it. Its code goes on because it is
 * asked for the next value: once it is stopped, it is not.
 */
async function finalOutput(output: unknown, signal: AbortSignal): Promise<unknown> {
  const value: unknown = await output;
  if (!isAsyncIterable(value)) return value;
  let last: unknown;
  for await (const each of value) {
    signal.throwIfAborted();
    last = each;
  }
  return last;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** What is pinned and registered: what the model is shown, and what the host declares. */
async function derive(
  name: string,
  tool: ToolSet[string],
  { action, resource, estimate }: AiToolDeclaration<never, unknown>,
): Promise<ToolDeclaration> {
  const { description } = tool;
  const inputSchema = await schemaOf(name, tool);
  return {
    name,
    action,
    inputSchema,
    ...(typeof description === 'string' ? { description } : {}),
    ...(resource === undefined ? {} : { resource }),
    ...(estimate === undefined ? {} : { estimate }),
  };
}

/** What the model is told of the input, which the SDK makes of the schema of some library. */
async function schemaOf(name: string, { inputSchema }: ToolSet[string]): Promise<object> {
  try {
    return (await asSchema<unknown>(inputSchema).jsonSchema) as object;
  } catch (failure) {
    throw ungovernable(name, `has an input without a JSON Schema: ${thrownMessage(failure)}`);
  }
}

function codeOf(name: string, tool: ToolSet[string]): Execute {
  assertTool(name, tool);
  const { execute } = tool;
  if (isReplaced(tool)) {
    throw ungovernable(name, 'is run by code that the SDK puts in its place, past any guard');
  }
  if (typeof execute === 'function') return execute.bind(tool) as Execute;
  throw ungovernable(
    name,
    tool.type === 'provider'
      ? 'runs at the provider, out of reach of a guard'
      : 'has no execute function: it runs elsewhere, out of reach of a guard',
  );
}

/** One that is there for some users only is left out for the others, and not left empty. */
function assertTool(name: string, tool: unknown): void {
  if (typeof tool !== 'object' || tool === null) throw ungovernable(name, 'is no tool');
}

/** A search of tools, or a caller of others here: what the SDK runs is not the code that such a tool has. */
function isReplaced(tool: object): boolean {
  const marks = tool as Readonly<Record<PropertyKey, unknown>>;
  const caller = marks['experimental_toolCaller'] as { readonly type?: unknown } | null | undefined;
  const isCaller = caller !== undefined && caller !== null && caller.type !== 'provider';
  return isCaller || marks[Symbol.for('vercel.ai.toolSearch')] === true;
}

/** A declaration under a name that no tool has governs nothing: a misspelling, most likely. */
function assertDeclared(
  tools: object,
  declarations: Readonly<Record<string, object | null | undefined>>,
): void {
  assertObject('the tools', tools);
  assertObject('the declarations of tools', declarations);
  const stray = Object.keys(declarations).find((name) => !Object.hasOwn(tools, name));
  if (stray !== undefined) throw ungovernable(stray, 'is declared, but it is not among the tools');
  for (const [name, declaration] of Object.entries(declarations)) {
    if (declaration === null) throw ungovernable(name, 'is declared by nothing');
    const odd = Object.keys(declaration ?? {}).find((member) => !declarationKnown.has(member));
    if (odd !== undefined) {
      throw ungovernable(name, `is declared with the member ${quoted(odd)}, which nothing heeds`);
    }
  }
}

/** Own members only, and without the types of each tool, which differ. */
function ownOf(
  declarations: object,
  name: string,
): AiToolDeclaration<unknown, unknown> | undefined {
  if (!Object.hasOwn(declarations, name)) return undefined;
  return (declarations as Readonly<Record<string, AiToolDeclaration<unknown, unknown>>>)[name];
}

function ungovernable(name: string, problem: string): ControlPlaneError {
  return new ControlPlaneError('tool-ungovernable', `tool \`${name}\` ${problem}`);
}
