/**
 * Model access: may this agent of this principal use this model for this action? One function answers, for
 * the call that is decided and for the list of what may be used.
 *
 * What the policy says of a principal comes first, and a denial before a permission. After that the model's
 * tier decides: `standard` is open to everyone unless the policy says otherwise, any other tier to nobody.
 */
import { quoted } from '../name.ts';
import { compileGlobs, type Matcher } from './glob.ts';
import type { ModelsDocument, TiersDocument } from './document.ts';

export interface ModelAccessRequest {
  readonly agent: string;
  readonly principal: string;
  readonly action: string;
  /** Tiers of the policy that the action is in. */
  readonly actionTiers: readonly (keyof TiersDocument)[];
}

export type ModelAccess =
  | { readonly allowed: true; readonly by: string }
  | { readonly allowed: false; readonly by: string; readonly message: string };

interface CompiledTier {
  readonly agent: Matcher;
  readonly principal: Matcher;
  readonly action: Matcher;
  readonly actionTiers: readonly (keyof TiersDocument)[] | undefined;
}

interface CompiledOverride {
  readonly id: string;
  readonly principal: Matcher;
  readonly allow: Matcher | undefined;
  readonly deny: Matcher | undefined;
}

export interface CompiledModels {
  readonly tiers: ReadonlyMap<string, CompiledTier>;
  readonly overrides: readonly CompiledOverride[];
  readonly unknown: ModelsDocument['unknown'];
}

/** `document` MUST have been checked. */
export function compileModels(document: ModelsDocument = {}): CompiledModels {
  const tiers = Object.entries(document.tiers ?? {}).map(([name, tier]): [string, CompiledTier] => [
    name,
    {
      agent: compileGlobs(tier.agents),
      principal: compileGlobs(tier.principals),
      action: compileGlobs(tier.actions),
      actionTiers: tier.actionTiers,
    },
  ]);
  const overrides = (document.overrides ?? []).map(({ id, principals, allow, deny }) => ({
    id,
    principal: compileGlobs(principals),
    allow: allow === undefined ? undefined : compileGlobs(allow),
    deny: deny === undefined ? undefined : compileGlobs(deny),
  }));
  return { tiers: new Map(tiers), overrides, unknown: document.unknown };
}

const open: CompiledTier = {
  agent: () => true,
  principal: () => true,
  action: () => true,
  actionTiers: undefined,
};

export function modelAccess(
  { tiers, overrides }: CompiledModels,
  request: ModelAccessRequest,
  model: { readonly id: string; readonly tier: string },
): ModelAccess {
  const own = overrides.filter(({ principal }) => principal(request.principal));
  const denying = own.find(({ deny }) => deny?.(model.id));
  if (denying !== undefined) {
    return refused(`models.overrides:${denying.id}`, 'is denied to this principal', model);
  }
  const allowing = own.find(({ allow }) => allow?.(model.id));
  if (allowing !== undefined) return { allowed: true, by: `models.overrides:${allowing.id}` };
  const by = `models.tiers:${model.tier}`;
  const tier = tiers.get(model.tier) ?? (model.tier === 'standard' ? open : undefined);
  if (tier === undefined) {
    return refused(by, 'is in a tier that the policy opens to nobody', model);
  }
  if (!tier.agent(request.agent)) return refused(by, 'is not for this agent', model);
  if (!tier.principal(request.principal)) return refused(by, 'is not for this principal', model);
  if (!tier.action(request.action)) return refused(by, 'is not for this action', model);
  const { actionTiers } = tier;
  if (
    actionTiers !== undefined &&
    !request.actionTiers.some((each) => actionTiers.includes(each))
  ) {
    return refused(by, 'is not for actions of this tier', model);
  }
  return { allowed: true, by };
}

function refused(
  by: string,
  why: string,
  { id, tier }: { readonly id: string; readonly tier: string },
): ModelAccess {
  return { allowed: false, by, message: `model ${quoted(id)} of tier ${quoted(tier)} ${why}` };
}
