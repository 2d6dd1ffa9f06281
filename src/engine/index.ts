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
export { type BudgetFinding, type BudgetLint, lintBudgets } from './budget-lint.ts';
export { type BudgetAccount, budgetUsage, type BudgetUsage } from './budget-report.ts';
export { type Forecast, forecastOf } from './budget-forecast.ts';
export { type BudgetRow, rowsNow, rowsOfAllWindows } from './budget-rows.ts';
export { type Clock, systemClock } from './clock.ts';
export { ControlPlane, openControlPlane } from './control-plane.ts';
export type { ControlPlaneOptions } from './control-plane-options.ts';
export type { AgentDeclaration } from './declared-agent.ts';
export type { Decision, ShadowDecision } from './decision.ts';
export { ControlPlaneError, faultCodes } from './error.ts';
export type { EventQuery, LogEvent } from './feed.ts';
export { readEvents } from './feed.ts';
export type { Reader } from './reader.ts';
export type { HandoffOrder } from './handoff.ts';
export type { Headroom, HeadroomForecast } from './headroom.ts';
export type { Identity } from './identity-service.ts';
export type { Ids } from './ids.ts';
export { type IssuedKey, keyListed, type KeyListed, type KeyOrder, type Keys } from './keys.ts';
export type { Lease, LeaseRequest } from './lease.ts';
export type { ModelListed, ModelListRequest } from './model-list.ts';
export { modelTool } from './model-tool.ts';
export type { SessionOptions } from './open-session.ts';
export type { Permit } from './permit.ts';
export type { Drift, ProviderBill } from './reconcile.ts';
export {
  replayPolicy,
  type PolicyFlip,
  type ReplayOptions,
  type ReplayReport,
} from './replay-policy.ts';
export { scanAll } from './scan.ts';
export type { Delegation } from './scopes.ts';
export type {
  AuthorizeRequest,
  ReadArguments,
  Screening,
  Session,
  Recorded,
  Settled,
  Settlement,
} from './session.ts';
export type {
  Approval,
  GrantListed,
  GrantOrder,
  GrantRevocation,
  TicketRuling,
} from './tickets.ts';
export { listTickets, ticketCard } from './ticket-card.ts';
export type { ToolApproval, ToolDefinitions, Tools } from './tools.ts';
export { bindTool, type BoundTool, type ToolDeclaration } from './tool.ts';
export { tallyUsage, type UsageQuery } from './usage-report.ts';
export {
  type UsageDimension,
  usageDimensions,
  type UsageGroup,
  type UsageRow,
  UsageTallies,
  type UsageTally,
} from './usage-tally.ts';
export { verify } from './verify.ts';
export type { VerifyFault, VerifyOptions, VerifyReport } from './verify-report.ts';
