/**
 * What a call's `providerOptions` say beside the call itself: providers of the AI SDK put some of them in the
 * place of what the call says, have others add to its input, and run the tools of servers that they name.
 */
import type { CallParams } from './ai-sdk-types.ts';

type Given = CallParams['providerOptions'];

/** Names, by provider, of the cap on output, as the SDK or the provider's own interface writes it. */
const caps = [
  'maxCompletionTokens',
  'max_completion_tokens',
  'maxOutputTokens',
  'max_output_tokens',
  'maxTokens',
  'max_tokens',
];

/** What a provider keeps and puts before the prompt, fetches while it answers, or has others read again. */
const addsInput = [
  'thread',
  'continuationToken',
  'fallbacks',
  'previousResponseId',
  'previous_response_id',
  'previousInteractionId',
  'conversation',
  'cachedContent',
  'container',
  'mcpServers',
  'mcp_servers',
];

/**
 * The highest cap on output that is named, and that a provider may take for the call's own, or for that of a
 * model that answers in its place.
 */
export function capAmongOptions(options: Given): number {
  let highest = 0;
  // It grows while it is walked. What is met again, in a circle perhaps, is there already.
  const met = new Set<unknown>([options]);
  for (const each of met) {
    const members = asMembers(each);
    const named = caps.map((name) => Number(members[name])).filter((tokens) => tokens > 0);
    highest = Math.max(highest, ...named);
    for (const value of Object.values(members)) met.add(value);
  }
  return highest;
}

/** Whether the input has more in it than the call. */
export function hasInputElsewhere(options: Given): boolean {
  return parts(options).some((part) => addsInput.some((name) => isSaid(part[name])));
}

/** Names of the MCP servers whose tools the provider is to run. */
export function serversNamed(options: Given): readonly string[] {
  return parts(options)
    .flatMap((part) => [part['mcpServers'], part['mcp_servers']])
    .filter(isSaid)
    .flat()
    .map((server) => asMembers(server)['name'])
    .map((name) => (typeof name === 'string' ? name : ''));
}

/** Whatever a provider is called: some are named by the host, and some have two names. */
export function parts(options: Given): readonly Readonly<Record<string, unknown>>[] {
  return Object.values(options ?? {}).map(asMembers);
}

function asMembers(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isSaid(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null;
}
