/** agent-control-plane: the public surface. Names here are pinned by `test/pins`. */
export { type ApprovalCard, cardText } from './approvals/index.ts';
export { ActionRefused } from './enforce/action-refused.ts';
export {
  callModel,
  type ModelAnswer,
  type ModelCall,
  type ModelContext,
} from './enforce/models/call-model.ts';
export type { CallOptions } from './enforce/granted.ts';
export { guard, type GuardedTool, type Tool, type ToolContext } from './enforce/guard.ts';
export {
  type AgentDeclaration,
  type AgentOrder,
  type Approval,
  type BudgetAccount,
  type BudgetClosing,
  type BudgetFinding,
  type BudgetLint,
  type BudgetOrder,
  type BudgetUsage,
  ControlPlane,
  ControlPlaneError,
  type ControlPlaneOptions,
  type Decision,
  type Delegation,
  type Drift,
  type EventQuery,
  type GrantListed,
  type GrantOrder,
  type GrantRevocation,
  type HandoffOrder,
  type Headroom,
  type HeadroomForecast,
  type Identity,
  type IssuedKey,
  type KeyListed,
  type KeyOrder,
  type Keys,
  type KillOrder,
  type KillsEngaged,
  type HeartbeatOrder,
  type KillsOrder,
  type ReleaseOrder,
  type Lease,
  type LeaseRequest,
  type LogEvent,
  type ModelListed,
  type ModelListRequest,
  modelTool,
  openControlPlane,
  type Permit,
  type PolicyFlip,
  type ProviderBill,
  type Reader,
  replayPolicy,
  type ReplayOptions,
  type ReplayReport,
  type Screening,
  type Session,
  type SessionOptions,
  type SessionOrder,
  type Recorded,
  type Settled,
  type ShadowDecision,
  type TicketRuling,
  type ToolApproval,
  type ToolDeclaration,
  type ToolDefinitions,
  type Tools,
  type UsageDimension,
  type UsageGroup,
  type UsageQuery,
  type UsageRow,
  verify,
  type VerifyOptions,
  type VerifyReport,
} from './engine/index.ts';
export {
  type AssetClasses,
  type ClassifierDefinition,
  defineAssetClassifier,
  defineEvaluator,
  defineRiskClassifier,
  type Evaluator,
  type EvaluatorContext,
  type EvaluatorDefinition,
  type EvaluatorSubject,
  type EvaluatorVerdict,
  type RiskClass,
} from './evaluators/index.ts';
export type { Principal } from './identity/principal.ts';
export type { IdentityAssertion } from './identity/assertion.ts';
export {
  type Authenticated,
  type AuthenticationCode,
  AuthenticationError,
  type Authenticator,
} from './identity/authenticator.ts';
export type { Clock, Ids } from './engine/index.ts';
export type {
  BudgetPlan,
  BudgetPlanDocument,
  CallScope,
  CatalogueDocument,
  KillScope,
  PolicyDocument,
  RejectionCode,
  TicketRecord,
} from './kernel/index.ts';
export { withHeadFile } from './storage/head-file.ts';
export { memory } from './storage/memory.ts';
export { sqlite } from './storage/sqlite/sqlite-storage.ts';
export { type Storage, StorageError } from './storage/storage.ts';
