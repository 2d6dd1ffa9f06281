/** What `policy init` writes: a policy to start from, and its tests. Both hold together; a test says so. */

const schemaPath = './node_modules/agent-control-plane/schema/policy.schema.json';

export const starterPolicy = `# yaml-language-server: $schema=${schemaPath}
#
# A policy: what agents may do, and under which conditions. What nothing allows is denied.
# Check it with \`agent-control-plane policy lint\`, and its tests with \`agent-control-plane policy test\`.

# The format of this document; always 1.
format: 1
# Raise it with every change: an older or equal version does not replace the active one.
version: 1
name: starter

# Every action that exists. Tools name the action that they are.
actions:
  file.read:
    risk: low
  file.write:
    risk: medium
    description: creates or replaces a file
  order.read:
    risk: low
    # Resources outside of this pattern are denied.
    resource: order/*
  order.refund:
    risk: high
    resource: order/*
  order.delete:
    risk: critical

# The simplest way to decide: put each action, or a pattern of actions, in a list.
# Where an action is in several, the strictest counts.
tiers:
  # Always denied.
  blocked: [order.delete]
  # Always decided by a human.
  alwaysApprove: [order.refund]
  # Allowed up to the risk of \`autoApproveWhen\`; above it a human decides.
  autoApprove: [file.*, order.read]

autoApproveWhen:
  riskAtMost: medium

# Rules say more. Every rule that matches speaks, in any order, and the strictest effect is the answer:
# deny, then steer, then require-approval, then allow.
rules:
  # A condition has a path and an operator. Numbers in quotes are compared exactly.
  - id: refund-cap
    effect: deny
    match: { action: order.refund }
    when: { path: arguments.amount, moreThan: "500.00" }
    reason: no agent refunds more than 500

  # Paths are compared folder by folder, so that \`..\` does not lead out.
  - id: writes-stay-in-the-workspace
    effect: deny
    match: { action: file.write }
    when: { path: arguments.path, outside: /workspace }

  # Steering refuses and says what to do instead.
  - id: no-secrets
    effect: steer
    match: { action: file.read }
    when:
      any:
        - { path: arguments.path, endsWith: .env }
        - { path: arguments.path, contains: secret }
    steer:
      guidance: ask a colleague for the setting that you need

# Who decides, and how long a question stays open.
approvals:
  roles: [approver, admin]
  timeoutMs: 3600000
`;

/** The cases of the starter, for a policy in the file `policy`. */
export function starterCases(policy: string): string {
  return `# Tests of ${policy}: given a request, expect an outcome.
# Run them with \`agent-control-plane policy test\`.
policy: ./${policy}

cases:
  - name: reading an order is allowed
    given: { action: order.read, resource: order/o-1 }
    expect: { effect: allow, rules: ["tier:autoApprove"] }

  - name: a resource that is no order is denied
    given: { action: order.read, resource: customer/c-1 }
    expect: { effect: deny }

  - name: a refund waits for a human
    given:
      action: order.refund
      resource: order/o-1
      arguments: { amount: "20.00" }
    expect: { effect: require-approval, rules: ["tier:alwaysApprove"] }

  - name: a large refund is denied
    given:
      action: order.refund
      resource: order/o-1
      arguments: { amount: "500.01" }
    expect: { effect: deny, code: policy-denied, rules: [refund-cap] }

  - name: a refund without an amount is denied, because the rule cannot be read
    given: { action: order.refund, resource: order/o-1 }
    expect: { effect: deny, code: policy-error, rules: [refund-cap] }

  - name: a write that climbs out of the workspace is denied
    given:
      action: file.write
      arguments: { path: /workspace/../etc/passwd }
    expect: { effect: deny, rules: [writes-stay-in-the-workspace] }

  - name: reading a secret is steered
    given:
      action: file.read
      arguments: { path: /workspace/.env }
    expect: { effect: steer, rules: [no-secrets] }

  - name: deleting an order is denied
    given: { action: order.delete }
    expect: { effect: deny, rules: ["tier:blocked"] }
`;
}
