/**
 * Every limit of the kernel, in one place. `docs/limits.md` is checked against this table by a test.
 *
 * A limit exists so that a hostile or broken caller costs a bounded amount of time, memory and log. Each is
 * enforced by a refusal with a stable code, never by silent truncation.
 */
export const limits = {
  /** Characters in a name: tool, action, agent, org, principal, session, role, rule. */
  nameLengthMax: 128,
  /** Characters in a caller's idempotency key. */
  idempotencyKeyLengthMax: 255,
  /** UTF-8 bytes of one call's canonical arguments. */
  argumentsBytesMax: 262_144,
  /** Nesting depth of arguments. */
  argumentsDepthMax: 64,
  /** Members and elements in arguments, all levels together. */
  argumentsMembersMax: 10_000,
  /** UTF-8 bytes of a tool's recorded result; of a larger one, only that it was too large is recorded. */
  resultBytesMax: 262_144,
  /** Characters in a reason or other free text. */
  textLengthMax: 4_096,
  /** Characters in a resource name after expansion. */
  resourceLengthMax: 1_024,
  /** UTF-8 bytes of a policy document's canonical form. */
  policyBytesMax: 4_194_304,
  /** Rules in a policy document. */
  policyRulesMax: 10_000,
  /** Actions in a policy document. */
  policyActionsMax: 10_000,
  /** Patterns of actions, or of resources, in one scope. */
  scopePatternsMax: 100,
  /** Capabilities of an agent. */
  capabilitiesMax: 100,
  /** UTF-8 bytes of an agent's capabilities in canonical form, all together. */
  capabilitiesBytesMax: 2_097_152,
  /** Calls that one grant may be good for. */
  grantUsesMax: 10_000,
  /** Longest time that a grant may stand, ms: 30 days. */
  grantMsMax: 2_592_000_000,
  /** Grants that an agent of a principal holds at a time. */
  grantsPerHolderMax: 20,
  /** Longest time that a hand-off can be accepted for, ms. */
  handoffMsMax: 86_400_000,
  /** Shortest time after which a policy may have missed an operator, ms. */
  heartbeatMsMin: 10_000,
  /** Longest time after which a policy may have missed an operator, ms: seven days. */
  heartbeatMsMax: 604_800_000,
  /** How long a change that takes two principals waits for the second, ms. */
  proposalMs: 86_400_000,
  /** Roles that a policy document may define. */
  policyRolesMax: 100,
  /** Wildcard patterns of actions, times actions: what checking and compiling a policy may cost. */
  policyMatchesMax: 2_000_000,
  /** Nesting depth of a condition. */
  conditionDepthMax: 16,
  /** Nodes in one rule's condition. */
  conditionNodesMax: 256,
  /** Values in one `in` list. */
  conditionListMax: 1_000,
  /** Characters of a condition's CEL text. */
  expressionLengthMax: 16_384,
  /** Times that one evaluation of a condition may evaluate the bodies of macros. */
  conditionIterationsMax: 10_000,
  /** Characters and elements that one evaluation may look at; a regex counts each once for every step. */
  conditionWorkMax: 4_000_000,
  /** Characters of a regular expression. */
  regexLengthMax: 1_024,
  /** Steps that a regular expression compiles to. */
  regexSizeMax: 2_000,
  /** Points of risk for one action, in one threshold, or leaking away in one minute. */
  riskPointsMax: 1_000_000,
  /** Sequences in a policy document. */
  riskSequencesMax: 100,
  /** Steps of one sequence. */
  sequenceStepsMax: 10,
  /** Guardrails and classifiers in a policy document. */
  guardrailsMax: 100,
  /** Classes that one resource may have, and that a policy may give a risk. */
  assetClassesMax: 100,
  /** Longest time that a policy may give an evaluator. */
  evaluatorTimeoutMsMax: 60_000,
  /** UTF-8 bytes of a budget plan's canonical form. */
  planBytesMax: 65_536,
  /** Budget plans of one org. */
  budgetPlansMax: 1_000,
  /** Budget plans that an org has closed; their ids are not used again. */
  budgetPlansClosedMax: 10_000,
  /** Shortest fixed or rolling window of a budget: one second. */
  windowMsMin: 1_000,
  /** Longest fixed or rolling window of a budget: 366 days. */
  windowMsMax: 31_622_400_000,
  /** Slices in which a rolling window is counted. */
  windowSlices: 60,
  /** Latest log time that has a window: the end of the year 9999 (UTC). */
  windowInstantMax: 253_402_300_799_999,
  /** Characters in the name of a time zone. */
  zoneLengthMax: 64,
  /** Models in a price catalogue. */
  catalogueModelsMax: 10_000,
  /** Aliases of one model in a catalogue. */
  modelAliasesMax: 100,
  /** Prices of one model, each from another instant on. */
  modelPricesMax: 100,
  /** Prices of one model for calls with more input. */
  modelPricesAboveMax: 10,
  /** UTF-8 bytes of a price catalogue's canonical form. */
  catalogueBytesMax: 4_194_304,
  /** Patterns of models, agents, principals or actions in one list of a policy's `models`. */
  modelPatternsMax: 1_000,
  /** Rows, one for each day and model, of one reconciliation. */
  reconciledRowsMax: 10_000,
  /** Largest percentage of drift that can be set: a hundred times what was recorded. */
  driftPercentMax: 10_000,
  /** Characters in the id or an alias of a model. */
  modelNameLengthMax: 128,
  /** Decimals of a price. */
  priceDecimalsMax: 6,
  /** Teams of one principal. */
  teamsMax: 32,
  /** Labels of one rule. */
  labelsMax: 16,
  /** UTF-8 bytes of a tool's definition. */
  toolDefinitionBytesMax: 262_144,
  /** How long, ms, arguments or a result are held against a schema, or an address against templates. */
  matchingMs: 1_000,
  /** Roles of one principal. */
  rolesMax: 32,
  /** Units in one budget or one cost. */
  unitsMax: 16,
  /** Approvers that one ticket may need. */
  approvalQuorumMax: 10,
  /** Pending tickets in one session. */
  ticketsPendingMax: 100,
  /** Pending tickets of one agent of a principal, in all of its sessions. */
  ticketsPendingPerAgentMax: 500,
  /** Sessions that one session works on behalf of, directly or through others. */
  sessionDepthMax: 8,
  /** Open permits in one session. */
  permitsOpenMax: 5_000,
  /** Open permits of one principal, in all of its sessions. */
  permitsOpenPerPrincipalMax: 10_000,
  /** Largest single amount in a unit's smallest step: 2^53 - 1. */
  amountMax: Number.MAX_SAFE_INTEGER,
  /** Milliseconds an issued permit waits for its start. */
  permitStartMs: 60_000,
  /** Milliseconds a started permit may run where the policy's action says nothing. */
  runTimeoutMs: 300_000,
  /** Longest run timeout that a policy may set: one day. */
  runTimeoutMsMax: 86_400_000,
  /** Milliseconds a ticket waits where the policy's rule says nothing: one hour. */
  ticketTimeoutMs: 3_600_000,
  /** Shortest time between two reminders of a ticket, ms. */
  ticketRemindMsMin: 60_000,
  /** Milliseconds that a lease lasts without a renewal where neither the policy nor its worker says. */
  leaseTermMs: 30_000,
  /** Shortest lease, ms. */
  leaseTermMsMin: 1_000,
  /** Longest lease, ms: one day. */
  leaseTermMsMax: 86_400_000,
  /** Entries in a policy's `locks`. */
  locksMax: 100,
  /** Patterns of actions in one entry of a policy's `locks`. */
  lockPatternsMax: 100,
  /** Longest ticket timeout that a policy may set: 30 days. */
  ticketTimeoutMsMax: 2_592_000_000,
  /** How often one steered call may come back before it is denied. */
  steerRetriesMax: 100,
  /** Commands waiting for the sequencer; more are refused with `overloaded`. */
  queueLengthMax: 16_384,
  /** Commands decided in one commit. */
  batchCommandsMax: 512,
  /** Notifiers of one control plane. */
  notifiersMax: 32,
  /** How often one notification may be sent before it is given up. */
  notificationAttemptsMax: 100,
  /** Entries that a notifier passes over before its cursor is recorded. */
  notifierBehindMax: 1_000,
} as const;
