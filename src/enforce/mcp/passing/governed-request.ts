/**
 * Readings of resources and gettings of prompts that the configuration has decided as actions: each is a call
 * of a tool that the host declares for its server. What is refused is an error of the protocol, with the same
 * members as a refused tool call has, since these results have no place for it.
 */
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/client';
import {
  bindTool,
  type BoundTool,
  type ControlPlane,
  type Session,
  type ToolDeclaration,
  thrownText,
} from '../../../engine/index.ts';
import { quoted } from '../../../kernel/index.ts';
import { ActionRefused } from '../../action-refused.ts';
import { grant, settle } from '../../granted.ts';
import { CallFailed, refusalOf } from '../call/refusal.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import type { ForwardOptions } from '../upstream/upstream.ts';
import type { Govern, GovernedRequest } from './pass-through.ts';

/** In which control session, on which control plane. */
interface Deciding {
  readonly control: Session;
  readonly plane: ControlPlane;
}

/** Sends requests as they are, but for those that their server's configuration has decided. */
export function governing(deciding: Deciding, options: ForwardOptions): Govern {
  return async (request, send) => {
    if (!request.server.config.governs[request.kind]) return send(options);
    try {
      return await governed(deciding, request, { options, send });
    } catch (failure) {
      if (failure instanceof ProtocolError) throw failure;
      const refusal = refusalOf(failure);
      const help = refusal.help === undefined ? '' : `; ${refusal.help}`;
      const message = `${refusal.message}${help}`;
      throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message, { ...refusal });
    }
  };
}

interface Sending {
  readonly options: ForwardOptions;
  readonly send: (options: ForwardOptions) => Promise<RawResult>;
}

async function governed(
  { control, plane }: Deciding,
  { kind, server, params }: GovernedRequest,
  { options, send }: Sending,
): Promise<RawResult> {
  const bound = await registered(plane, declarationOf(kind, server.name));
  const { _meta: _, ...asked } = params;
  const { signal } = options;
  const granted = await grant(
    control,
    bound,
    control.read(asked),
    signal === undefined ? {} : { signal },
  );
  if ('rehearsed' in granted) throw new ActionRefused(granted.decision, 'dry-run');
  let result: RawResult;
  try {
    result = await send({ ...options, signal: granted.signal });
  } catch (failure) {
    const isAnswer = failure instanceof ProtocolError && !granted.signal.aborted;
    const outcome = isAnswer ? 'failed' : 'unknown';
    const settlement = { outcome, result: thrownText(failure) } as const;
    const settled = await settle(control, granted, settlement, failure);
    const said = String(settled.result);
    // Only the text of the server's error was judged, not the data beside it.
    const isJudged = control.isOutputJudged(granted.permit);
    if (isAnswer) throw isJudged ? new ProtocolError(failure.code, said) : failure;
    const message = `${bound.record.name} gave no answer: ${said}`;
    throw new CallFailed({ code: 'upstream-no-answer', message });
  }
  const settled = await settle(control, granted, { outcome: 'succeeded', result });
  return settled.result as RawResult;
}

/** As the policy names it: `files.resources-read` on a URI, `files.prompts-get` on a name. */
function declarationOf(kind: GovernedRequest['kind'], server: string): ToolDeclaration {
  const what = kind === 'resources' ? 'resources-read' : 'prompts-get';
  return {
    name: `${server}__${what}`,
    action: `${server}.${what}`,
    resource: kind === 'resources' ? '{uri}' : '{name}',
  };
}

/** A name that a server's tool has is not the host's to take, either. */
async function registered(plane: ControlPlane, declaration: ToolDeclaration): Promise<BoundTool> {
  const bound = bindTool(declaration);
  const { name } = declaration;
  const known = plane.tools.get(name);
  if (known !== undefined && known.definition !== bound.record.definition) {
    const message = `the name ${quoted(name)} is taken by a tool`;
    throw new CallFailed({ code: 'tool-ungovernable', message });
  }
  if (known === undefined) await plane.registerTool(declaration);
  return bound;
}
