# The bench's policy for OPA. Rules are data, kept by action: one lookup finds those that could apply.
package same

default allow := false

allow if {
	some rule in data.allowing[input.action]
	startswith(input.resource, rule.resourcePrefix)
	input.amount <= rule.amountAtMost
	not forbidden
}

forbidden if {
	some rule in data.forbidding[input.action]
	endswith(input.agent, rule.agentSuffix)
	input.amount > rule.amountMoreThan
	not input.currency in rule.currencies
}
