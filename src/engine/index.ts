/** The engine's face towards enforcement points and surfaces. */
export type { AgentDeclaration, KillOrder, SessionOrder, TicketRuling } from './administration.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  ControlPlane,
  type ControlPlaneOptions,
  type Identity,
  openControlPlane,
  type SessionOptions,
} from './control-plane.ts';
export type { Decision, StepResult } from './decision.ts';
export { ControlPlaneError, type FaultCode, faultCodes } from './error.ts';
export type { EventQuery, LogEvent } from './feed.ts';
export { readEvents } from './feed.ts';
export { type Ids, systemIds } from './ids.ts';
export type { Permit } from './permit.ts';
export type { AuthorizeRequest, ReadArguments, Session, Settlement } from './session.ts';
export { bindTool, type BoundTool, type ToolDeclaration } from './tool.ts';
export { verify, type VerifyFault, type VerifyOptions, type VerifyReport } from './verify.ts';
