/**
 * Policies as people write them, and the tools to work on them: read, lint, test, explain, compare. Published
 * as `agent-control-plane/policy`.
 */
export { argumentFindings } from './argument-types.ts';
export { readDeclaredTools } from './declared-tools.ts';
export { type Changed, diffPolicies, type PolicyDifference, type PolicyExample } from './diff.ts';
export {
  type ExplainedChange,
  type ExplainedRule,
  explainPolicy,
  type PolicyExplanation,
  type ReadValue,
  type ShownVerdict,
} from './explain.ts';
export { junitReport, type PolicySuiteResult } from './junit-report.ts';
export { lintPolicy } from './lint.ts';
export { type PolicyTextRead, readPolicyText } from './load.ts';
export { type OutlookSubject, policyOutlook, type PolicyOutlook } from './outlook.ts';
export {
  argumentCodes,
  caseCodes,
  findingLines,
  lintCodes,
  pageOf,
  type PolicyFinding,
  type PolicyFindingCode,
  type Position,
  type PositionedFinding,
  textCodes,
} from './policy-finding.ts';
export {
  type PolicyRead,
  type PolicyRefused,
  readPolicy,
  type ReadingOptions,
} from './read-policy.ts';
export { type PolicyRequest, readRequest } from './policy-request.ts';
export { starterCases, starterPolicy } from './starter.ts';
export {
  type PolicyCase,
  type PolicyCaseResult,
  type PolicyExpectation,
  type PolicyTestFile,
  readPolicyTests,
  runPolicyTests,
} from './test-cases.ts';
export type { DeclaredTool } from './tool-declarations.ts';
