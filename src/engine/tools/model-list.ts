/** Which models may be used: every model of the catalogue, with what the policy's `models` says of it. */
import {
  compileCatalogue,
  compilePolicy,
  type Model,
  modelAccess,
  type ModelAccess,
} from '../../kernel/index.ts';
import type { StateView } from '../../kernel/index.ts';
import { fault } from '../error.ts';
import { assertMembers } from '../known-members.ts';
import { modelTool } from './model-tool.ts';

export interface ModelListRequest {
  readonly agent: string;
  /** Id of the principal. */
  readonly principal: string;
  /** The action that calling the model would be; that of `modelTool` by default. */
  readonly action?: string;
}

export type ModelListed = Pick<Model, 'id' | 'tier' | 'aliases'> & {
  readonly access: ModelAccess;
};

/** In the order of their ids; none where no catalogue is active. Without a policy, none is allowed. */
export function listModels(
  cache: { readonly peek: StateView['get'] },
  request: ModelListRequest,
): readonly ModelListed[] {
  assertRequest(request);
  const prices = cache.peek('prices', 'active');
  if (prices === undefined) return [];
  const active = cache.peek('policy', 'active');
  const policy = active === undefined ? undefined : compilePolicy(active.document);
  const { agent, principal, action = modelTool.action } = request;
  const actionTiers = policy?.actions.get(action)?.tiers ?? [];
  const asked = { agent, principal, action, actionTiers };
  return compileCatalogue(prices.document).models.map((model) => {
    const { id, tier, aliases } = model;
    const access: ModelAccess =
      policy === undefined
        ? { allowed: false, by: '', message: 'no policy is active' }
        : modelAccess(policy.models, asked, model);
    return { id, tier, aliases, access };
  });
}

/** What is asked for another agent or action than was meant would list models that are denied. */
function assertRequest(request: ModelListRequest): void {
  assertMembers('a list of models', request, ['agent', 'principal', 'action']);
  const { agent, principal, action = '' } = request;
  if ([agent, principal, action].every((name) => typeof name === 'string')) return;
  throw fault('input-invalid', 'a list of models is for the names of an agent and a principal');
}
