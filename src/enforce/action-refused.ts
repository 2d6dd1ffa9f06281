/**
 * What a guarded call throws when it may not run, or its result may not be seen: the decision, in words
 * that a model can act on.
 */
import { ControlPlaneError, type Decision } from '../engine/index.ts';

export class ActionRefused extends ControlPlaneError {
  readonly decision: Decision;

  /** `withheld`: why the result of a call that ran is not passed on. */
  constructor(decision: Decision, code?: 'dry-run' | 'output-withheld', withheld = '') {
    const refusal = decision.code === 'allowed' ? 'permit-not-startable' : decision.code;
    const help = decision.help === '' ? {} : { help: decision.help };
    const text =
      code === 'output-withheld'
        ? `\`${decision.tool}\` ran, and its result is withheld (${code}): ${withheld}`
        : refusalText(decision);
    super(code ?? refusal, text, help);
    this.name = 'ActionRefused';
    this.decision = decision;
  }

  static override is(value: unknown): value is ActionRefused {
    return ControlPlaneError.is(value) && 'decision' in value;
  }
}

function refusalText(decision: Decision): string {
  const { outcome, tool, message, guidance, help, ticket } = decision;
  switch (outcome) {
    case 'allow':
      return decision.mode === 'live'
        ? `\`${tool}\` already ran under this idempotency key; it does not run twice`
        : `\`${tool}\` would be allowed; it does not run in a ${decision.mode} session`;
    case 'deny':
      return `\`${tool}\` was denied (${decision.code}): ${sentence(message, help)}`;
    case 'steer':
      return `\`${tool}\` is not the way (${decision.code}): ${sentence(guidance)}`;
    case 'require-approval':
      return (
        `\`${tool}\` needs an approver (${decision.code})` +
        (ticket === undefined
          ? ''
          : `: ticket ${ticket} is pending; call again once it is approved`)
      );
  }
}

function sentence(message: string, help = ''): string {
  return help === '' ? message : `${message}; ${help}`;
}
