/** The kernel's face towards the engine. Surfaces import from here, not from the rooms inside. */
export {
  type Amounts,
  amountCovering,
  amountOf,
  formatAmount,
  isUnit,
  unitProblem,
  exactly,
  isBuiltInUnit,
  parseAmount,
  parseAmounts,
  scaleOf,
} from './amount.ts';
export { agentKey, type AgentTransition } from './rights/agent.ts';
export { principalKey } from './session/principal-record.ts';
export { apply } from './apply.ts';
export { available, type BudgetRecord, budgetKey, isFrozen } from './budget/account.ts';
export { takenAt } from './budget/bucket.ts';
export { checkWindow } from './budget/check-window.ts';
export {
  type CompiledWindow,
  sliceCounts,
  windowAt,
  type WindowDocument,
} from './budget/window.ts';
export { type BudgetPlan, type BudgetPlanDocument, planName, planScopeOf } from './budget/plan.ts';
export type { CallScope } from './rights/call-scope.ts';
export type { DelegationTerms } from './rights/delegation-terms.ts';
export type { Command, Kill, SchemaFact } from './command.ts';
export type { Event, EventDataByType, EventType } from './event.ts';
export { footprint, type Peek, type RecordName, touched, unnamedKinds } from './footprint.ts';
export { handle } from './handle.ts';
export { isGrantKilled } from './approval/handle-grant.ts';
export type { Handled } from './handled.ts';
export { grantStatus } from './approval/grant.ts';
export type { GrantHolder, GrantTerms } from './approval/grant-terms.ts';
export { coveringLatchKeys, isKillScope, type KillScope, latchKey } from './kill/latch.ts';
export { limits } from './limits.ts';
export { isLogTime } from './log-time.ts';
export { modelAccess, type ModelAccess } from './policy/model-access.ts';
export {
  type CallPrices,
  type Catalogue,
  findModel,
  type Model,
  type Price,
  priceAt,
  type TokenPrices,
} from './model/catalogue.ts';
export type { CatalogueDocument } from './model/catalogue-document.ts';
export type { CatalogueFinding } from './model/catalogue-finding.ts';
export { checkCatalogue } from './model/check-catalogue.ts';
export { compileCatalogue } from './model/compile-catalogue.ts';
export { modelIdOf, type ModelRequest, type ModelTerms } from './model/model-call.ts';
export { driftedModels } from './model/reconciliation.ts';
export type { ModelOutcome, ModelReport } from './model/model-usage.ts';
export { isName, isQualifiedName, nameForm, qualifiedNameForm, quoted } from './name.ts';
export { isOpaque } from './opaque.ts';
export { eventTypes } from './event-types.ts';
export { findingsText } from './findings-text.ts';
export { everyOrg } from './org.ts';
export { compareText, sortedEntries } from './order.ts';
export {
  grantableRoles,
  isGrantableRole,
  type PrincipalReference,
  type Role,
  systemPrincipal,
} from './principal.ts';
export { compilePolicy, type CompiledPolicy } from './policy/compile.ts';
export {
  type EvaluatorCall,
  evaluatorCallsOf,
  type EvaluatorKind,
} from './policy/compile-evaluators.ts';
export { checkPolicy } from './policy/check.ts';
export { checkCondition } from './policy/check-condition.ts';
export { tiersByStrictness } from './policy/document.ts';
export type { ConditionSubject, PolicyCall, Scalar } from './policy/expression.ts';
export { compareDecimals, exactDecimal } from './policy/decimal.ts';
export type {
  ConditionDocument,
  MatchDocument,
  PolicyDocument,
  RuleDocument,
  TiersDocument,
} from './policy/document.ts';
export { operators } from './policy/document.ts';
export type { EvaluatorFact, EvaluatorFacts } from './policy/evaluator-fact.ts';
export type { PermitStatus } from './decision/permit-states.ts';
export {
  assess,
  evaluatePolicy,
  type EvaluationContext,
  type PolicyVerdict,
} from './policy/evaluate.ts';
export { type Finding, type FindingCode, findingCodes, Findings } from './policy/finding.ts';
export { compileGlob, isLiteral } from './policy/glob.ts';
export { isResourceTemplate } from './policy/resource.ts';
export { isRiskLevel, type RiskLevel, riskLevels } from './policy/risk.ts';
export { canMatch } from './policy/subject-pattern.ts';
export { parseUrl } from './policy/url.ts';
export {
  anything,
  type ArgumentReading,
  elementOf,
  type Kind,
  kindOf,
  kinds,
  memberOf,
  nothing,
  type ValueType,
} from './policy/value-type.ts';
export { emptyHistory, type SessionHistory } from './policy/session-risk.ts';
export type { GrantRecord, TicketRecord } from './approval/approval-record.ts';
export { ticketStates } from './approval/ticket-states.ts';
export {
  type EstimateTerm,
  isLive,
  parentOf,
  type RecordChange,
  type RecordKind,
  recordKinds,
  type RecordsByKind,
  residentKinds,
  type SessionRecord,
  type StateView,
  type StoredAnswer,
  type ToolRecord,
} from './record.ts';
export {
  type DecisionOutcome,
  type DecisionRecord,
  type DecisionStep,
  decisionSteps,
} from './decision/decision-record.ts';
export { credentialRefusal, permits, rolePermissions } from './rights/rights.ts';
export { heartbeatDue } from './kill/heartbeat.ts';
export { latchStatus } from './kill/latch-states.ts';
export { engagedAfter, engagedLatch } from './kill/engaged-latch.ts';
export { nextReminder } from './approval/remind-ticket.ts';
export { reject, type Rejection, type RejectionCode, rejectionCodes } from './rejection.ts';
export { type KeptDecision, keptDecision, wholeDecision } from './decision/kept-decision.ts';
export { isOpenPermit, isSettledStatus } from './decision/permit-states.ts';
export { modelResource, resourceOf } from './tool/resource-of.ts';
export { agentRefusalOf, sessionRefusal, toolRefusal } from './tool/access.ts';
export { findAgent } from './rights/agent-rights.ts';
export {
  endsSession,
  isTerminal,
  type SessionMode,
  sessionModes,
  type SessionTransition,
} from './session/session.ts';
