/** agent-control-plane: the public surface. Names here are pinned by `test/pins`. */
export { ActionRefused } from './enforce/action-refused.ts';
export {
  type CallOptions,
  guard,
  type GuardedTool,
  type Tool,
  type ToolContext,
} from './enforce/guard.ts';
export {
  type AgentDeclaration,
  ControlPlane,
  ControlPlaneError,
  type ControlPlaneOptions,
  type Decision,
  type EventQuery,
  type KillOrder,
  type LogEvent,
  openControlPlane,
  type Permit,
  type PolicyFlip,
  replayPolicy,
  type ReplayOptions,
  type ReplayReport,
  type Session,
  type SessionOptions,
  type SessionOrder,
  type ShadowDecision,
  type TicketRuling,
  type ToolDeclaration,
  verify,
  type VerifyOptions,
  type VerifyReport,
} from './engine/index.ts';
export {
  defineEvaluator,
  type Evaluator,
  type EvaluatorContext,
  type EvaluatorDefinition,
  type EvaluatorSubject,
  type EvaluatorVerdict,
} from './evaluators/index.ts';
export type { Principal } from './identity/principal.ts';
export type { IdentityAssertion } from './identity/assertion.ts';
export type { Clock, Ids } from './engine/index.ts';
export type { KillScope, PolicyDocument, RejectionCode, TicketRecord } from './kernel/index.ts';
export { memory } from './storage/memory.ts';
export { sqlite } from './storage/sqlite/sqlite-storage.ts';
export { type Storage, StorageError } from './storage/storage.ts';
