/**
 * Why a command was refused or an action denied: a closed list of codes.
 *
 * The order of `rejectionCodes` is the order of precedence: where several apply, the first is the answer.
 * Codes are wire values: they are pinned by a test and never reused for another meaning. Each has a page
 * anchor in `docs/codes.md`.
 */

/** Codes in order of precedence, with the sentence that explains each in general. */
export const rejectionCodes = {
  // The command itself.
  'idempotency-mismatch': 'the idempotency key was used before with another payload',
  'permission-denied': 'the principal has no role that permits this command',
  'second-principal-needed': 'the change takes two principals, and is proposed now',
  'reason-missing': 'this command needs a reason',
  // Who asks, and in what.
  'credential-revoked': 'the credential that established the principal was revoked',
  'credential-expired': 'the credential that established the principal expired',
  'key-unknown': 'no such API key for this principal',
  'key-invalid': 'the API key cannot be issued as it is asked for',
  'session-unknown': 'no such session for this principal',
  'session-exists': 'a session with this id exists',
  'sessions-nested-limit': 'the session would work on behalf of too many others',
  'session-not-active': 'the session is not active',
  'transition-illegal': 'the session cannot make this transition from its state',
  'lease-held': 'another worker holds the lease of the session',
  'lease-lost': 'the worker does not hold the lease of the session',
  'agent-unknown': 'the agent is not registered',
  'agent-disabled': 'the agent is registered but not enabled',
  'agent-invalid': 'the agent cannot be registered as it is declared',
  'delegation-invalid': 'the terms of the delegation do not check',
  'delegation-cycle': 'an agent would work on its own behalf',
  'delegation-expired': 'what the session was delegated has ended',
  'handoff-unknown': 'no such hand-off for this agent of this principal',
  'handoff-used': 'the hand-off was taken up already',
  'handoff-expired': 'the hand-off expired before it was taken up',
  // Kill switch.
  killed: 'a kill switch covers this request',
  'operator-absent': 'the policy asks for heartbeats of operators, and none was heard in time',
  'heartbeat-unwanted': 'the active policy asks for no heartbeats',
  'latch-not-engaged': 'no kill switch is engaged for this scope',
  // What is asked for.
  'tool-unknown': 'the tool is not registered',
  'tool-quarantined': 'the tool is new or changed, and nobody has approved it as it is',
  'tool-changed': 'the tool differs from its registered definition',
  'delegation-exceeded': 'the call is more than the session was delegated',
  'agent-not-capable': 'the agent is not registered for the action',
  'action-unknown': 'the active policy does not declare the action',
  'arguments-invalid': 'the arguments do not fit the tool’s schema',
  'resource-invalid': 'the resource cannot be derived from the arguments',
  // Models.
  'model-missing': 'a tool that is a model is called with a model, and no other tool is',
  'model-unknown': 'the model is not in the active price catalogue',
  'model-downgraded': 'a budget that is nearly used up asks for another model',
  'model-unbounded': 'nothing bounds what the model call can take',
  'prices-invalid': 'the price catalogue does not check',
  'reconciliation-invalid': 'the billed amounts do not check',
  'prices-version-behind': 'the version of the price catalogue is not newer than the active one',
  // Policy.
  'policy-missing': 'no policy is active',
  'policy-invalid': 'the policy document does not check',
  'policy-version-behind': 'the policy version is not newer than the active one',
  'policy-error': 'a rule that applies could not be evaluated',
  'policy-denied': 'a rule or tier denies the action',
  'model-not-allowed': 'the policy does not let this agent of this principal use the model',
  'policy-no-match': 'no rule or tier allows the action',
  'policy-steered': 'the policy steers the agent to another way',
  'output-withheld': 'a guardrail refused what the tool gave back',
  'steer-retries-exhausted': 'the agent repeated a steered action too often',
  // Approval.
  'ticket-unknown': 'no such ticket for this principal',
  'ticket-not-pending': 'the ticket is already decided',
  'ticket-expired': 'the ticket expired before it was decided or used',
  'approved-already': 'the principal approved the ticket already',
  'self-approval': 'the requester cannot decide the ticket',
  'grant-invalid': 'the grant does not check',
  'grant-unknown': 'no such grant for this principal',
  'edit-invalid': 'the call cannot be edited like this',
  'call-edited': 'an approver edited the call: the ticket stands for it as edited',
  'approval-denied': 'an approver denied exactly this call',
  'approval-required': 'an approver has to decide this call first',
  'tickets-pending-limit': 'the session, or its agent, has too many pending tickets',
  // Budgets.
  'budget-invalid': 'the budget plan does not check',
  'budget-unknown': 'no such budget plan in this org',
  'budget-plans-limit': 'the org has too many budget plans',
  'budget-unattributable': 'the call lacks what a budget plan is counted by',
  'budget-frozen': 'a budget that applies is frozen after an overrun',
  'budget-exceeded': 'a budget that applies has too little left',
  'amount-out-of-range': 'an amount is outside the range that can be counted exactly',
  // Permits.
  'permits-open-limit': 'the session, or its principal, has too many open permits',
  'resource-locked': 'another call works on the resource, and the policy allows one at a time',
  'permit-unknown': 'no such permit for this principal',
  'permit-not-startable': 'the permit is started, resolved or expired',
  'permit-not-started': 'the permit was never started',
  'permit-not-voidable': 'the permit is started or resolved, and cannot be voided',
  'permit-expired': 'the permit expired before it was started',
  'not-due': 'the expiry is not due yet',
  // Notifications.
  'delivery-invalid': 'what was told of a delivery does not fit the log',
} as const;

export type RejectionCode = keyof typeof rejectionCodes;

/** A refusal, as a value: never thrown inside the kernel. */
export interface Rejection {
  readonly code: RejectionCode;
  /** What happened, in this case: lower case, no final stop, user input in backticks. */
  readonly message: string;
  /** What would help, where something would. */
  readonly help?: string;
}

/** What helps wherever there is such a refusal: for slips that whoever sets it up makes once. */
const helpOf: Readonly<Partial<Record<RejectionCode, string>>> = {
  'idempotency-mismatch':
    'give each thing that is to happen once a key of its own: a principal’s keys hold in all its sessions',
  'tool-unknown': 'register it when the control plane is opened, in `tools`',
  'tool-changed': 'guard what was registered, or register it as it is now',
  'resource-invalid': 'a `{name}` takes a text that is not empty, or a whole number',
  'policy-missing': 'open the control plane with a `policy`, or activate one',
  'policy-no-match': 'what nothing allows is denied: it takes a tier or a rule of the policy',
  'action-unknown': 'declare it in `actions` of the policy, or correct the `action` of the tool',
};

export function reject(
  code: RejectionCode,
  message: string = rejectionCodes[code],
  help: string | undefined = helpOf[code],
): Rejection {
  return { code, message, ...(help === undefined ? {} : { help }) };
}
