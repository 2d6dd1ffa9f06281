/** The engine's face towards enforcement points and surfaces. */
export type {
  AgentOrder,
  BudgetClosing,
  BudgetOrder,
  KillOrder,
  KillsEngaged,
  KillsOrder,
  HeartbeatOrder,
  ReleaseOrder,
  SessionOrder,
} from './administration.ts';
export type { BudgetFinding, BudgetLint } from './budgets/lint.ts';
export type { BudgetAccount, BudgetUsage } from './budgets/report.ts';
export { type Clock, systemClock } from './clock.ts';
export { ControlPlane, openControlPlane } from './control-plane.ts';
export type { ControlPlaneOptions } from './control-plane-options.ts';
export type { AgentDeclaration } from './access/declared-agent.ts';
export type { Decision, ShadowDecision } from './session/decision.ts';
export { assertList, assertMembers, assertObject, assertTruth } from './known-members.ts';
export { ControlPlaneError, faultCodes, thrownMessage, thrownText, thrownWhole } from './error.ts';
export type { EventQuery, LogEvent } from './store/feed.ts';
export { readEvents } from './store/feed.ts';
export type { Reader } from './reader.ts';
export type { HandoffOrder } from './session/handoff.ts';
export type { Headroom, HeadroomForecast } from './budgets/headroom.ts';
export type { Identity } from './access/identity-service.ts';
export type { Ids } from './ids.ts';
export type { IssuedKey, KeyListed, KeyOrder, Keys } from './access/keys.ts';
export type { Lease, LeaseRequest } from './session/lease.ts';
export type { ModelListed, ModelListRequest } from './tools/model-list.ts';
export { modelTool } from './tools/model-tool.ts';
export type { SessionOptions } from './session/open-session.ts';
export type { Permit } from './session/permit.ts';
export type { Drift, ProviderBill } from './budgets/reconcile.ts';
export {
  replayPolicy,
  type PolicyFlip,
  type ReplayOptions,
  type ReplayReport,
} from './verify/replay-policy.ts';
export type { Delegation } from './access/scopes.ts';
export type { AuthorizeRequest, ReadArguments, Settlement } from './session/call.ts';
export type { Screening, Session, Recorded, Settled } from './session/session.ts';
export type {
  Approval,
  GrantListed,
  GrantOrder,
  GrantRevocation,
  TicketRuling,
} from './tickets/tickets.ts';
export { ticketCard } from './tickets/card.ts';
export type { ToolApproval, ToolDefinitions, Tools } from './tools/tools.ts';
export { bindTool, type BoundTool, type ToolDeclaration } from './tools/tool.ts';
export type { UsageQuery } from './budgets/usage-report.ts';
export type { UsageDimension, UsageGroup, UsageRow } from './budgets/usage-tally.ts';
export { verify } from './verify/verify.ts';
export type { ErasedContents, VerifyFault, VerifyOptions, VerifyReport } from './verify/report.ts';
