/** Declarations of tools as plain data: what is misspelt in one may have been its schema, and is refused. */
import { Findings, isName } from '../kernel/index.ts';

/** What is asked of a tool's declaration here. */
export interface DeclaredTool {
  readonly name: string;
  /** The policy's action that a call of this tool is. */
  readonly action: string;
  /** JSON Schema (2020-12) of the arguments; without one they can be anything. */
  readonly inputSchema?: object | undefined;
}

/** The members of a declaration; the last three are as hosts write them, and say nothing about types. */
const members = ['name', 'action', 'inputSchema', 'resource', 'description', 'estimate'];
/** What hosts have in a declaration beside these, and nobody writes in a file. */
const inCode = ['isModel', 'foreign', 'execute', 'usage', 'dryRun'];

/** Throws a `TypeError` for what is no declaration: conditions would be held against nothing. */
export function assertTools(tools: readonly DeclaredTool[]): void {
  if (Array.isArray(tools) && tools.length === 0) return;
  const findings = new Findings();
  toolsOf(tools, findings, [...members, ...inCode]);
  const [finding] = findings.list;
  if (finding !== undefined) throw new TypeError(`\`tools${finding.path}\` ${finding.message}`);
}

/** The declarations in a list; what is wrong with them goes into `findings`. */
export function toolsOf(
  value: unknown,
  findings: Findings,
  known: readonly string[] = members,
): readonly DeclaredTool[] {
  if (!Array.isArray(value) || value.length === 0) {
    findings.add('wrong-type', '', 'must be a list of tool declarations');
    return [];
  }
  const names = new Set<unknown>();
  return value.flatMap((each: unknown, position) => {
    const path = `[${position}]`;
    const declaration = findings.object(path, each, known);
    if (declaration === undefined) return [];
    const { name, action, inputSchema } = declaration;
    if (!isName(name)) findings.add('invalid-name', `${path}.name`, 'must be a name');
    else if (names.has(name)) findings.add('duplicate-id', `${path}.name`, 'is there twice');
    names.add(name);
    if (!isName(action)) findings.add('invalid-name', `${path}.action`, 'must be a name');
    if (!isSchema(inputSchema)) {
      findings.add('wrong-type', `${path}.inputSchema`, 'must be a JSON Schema, as an object');
      return [];
    }
    return isName(name) && isName(action) ? [{ name, action, inputSchema }] : [];
  });
}

function isSchema(value: unknown): value is object | undefined {
  return (
    (typeof value === 'object' && value !== null && !Array.isArray(value)) || value === undefined
  );
}
