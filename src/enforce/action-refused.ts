/**
 * What a guarded call throws when it may not run, or its result may not be seen: the decision, in words
 * that a model can act on.
 */
import { ControlPlaneError, type Decision } from '../engine/index.ts';

export class ActionRefused extends ControlPlaneError {
  readonly decision: Decision;

  /**
   * `withheld`: why the result of a call that ran is not passed on. `expired` and `cancelled`: what became of
   * the ticket that the call waited for.
   */
  constructor(
    decision: Decision,
    why?: 'dry-run' | 'output-withheld' | 'expired' | 'cancelled',
    withheld = '',
  ) {
    const lapsed = why === 'expired' || why === 'cancelled' ? why : undefined;
    const code = why === 'dry-run' || why === 'output-withheld' ? why : undefined;
    const refusal = decision.code === 'allowed' ? 'permit-not-startable' : decision.code;
    const { help, index } = decision;
    const text =
      code === 'output-withheld'
        ? `\`${decision.tool}\` ran, and its result is withheld (${code}): ${withheld}`
        : refusalText(decision, lapsed);
    super(code ?? refusal, text, { ...(help === '' ? {} : { help }), index });
    this.name = 'ActionRefused';
    this.decision = decision;
  }

  static override is(value: unknown): value is ActionRefused {
    return ControlPlaneError.is(value) && 'decision' in value;
  }
}

function refusalText(decision: Decision, lapsed: 'expired' | 'cancelled' | undefined): string {
  const { outcome, tool, message, guidance, help, ticket } = decision;
  switch (outcome) {
    case 'allow':
      return decision.mode === 'live'
        ? repeatText(decision)
        : `\`${tool}\` would be allowed; it does not run in a ${decision.mode} session`;
    case 'deny':
      return `\`${tool}\` was denied (${decision.code}): ${sentence(message, help)}`;
    case 'steer':
      return `\`${tool}\` is not the way (${decision.code}): ${sentence(guidance)}`;
    case 'require-approval':
      return (
        `\`${tool}\` needs an approver (${decision.code})` +
        (ticket === undefined ? '' : `: ticket ${ticket} ${standing(lapsed)}`)
      );
  }
}

function standing(lapsed: 'expired' | 'cancelled' | undefined): string {
  if (lapsed === undefined) return 'is pending; call again once it is approved';
  const how = lapsed === 'expired' ? 'ran out' : 'was cancelled';
  return `${how} before it was decided; a call asks anew`;
}

/** What became of the first call under its key, which does not run twice. */
function repeatText({ tool, permitStatus }: Decision): string {
  const key = 'under this idempotency key';
  switch (permitStatus) {
    case 'succeeded':
    case 'failed':
      return `\`${tool}\` already ran ${key} and ${permitStatus}; it does not run twice`;
    case 'unknown':
      return (
        `\`${tool}\` already ran ${key}, and whether it did anything is not known; ` +
        'it does not run twice: find out before it is called under another key'
      );
    case 'started':
      return (
        `\`${tool}\` already runs ${key}, or was left running by a process that ended; ` +
        'it does not run twice'
      );
    case 'issued':
    case 'voided':
    case 'expired':
    case 'none':
      return `\`${tool}\` was allowed ${key} and has not run (${permitStatus}); take another key`;
  }
}

function sentence(message: string, help = ''): string {
  return help === '' ? message : `${message}; ${help}`;
}
