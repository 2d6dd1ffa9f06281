/**
 * Gets a text from an address that a host configured, within bounds: no redirects, and a time and a size that
 * it may not exceed. Anything but a plain answer is an error.
 */

/** Names never match: an address that ends in a number is always IPv4, in its plain form. */
const loopback = /^127(?:\.\d+){3}$/;

/** Whether credentials may depend on what is there: encrypted on the way, or not leaving the machine. */
export function isTrustworthy({ protocol, hostname, username, password }: URL): boolean {
  if (username !== '' || password !== '') return false;
  if (protocol === 'https:') return true;
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || loopback.test(hostname);
  return protocol === 'http:' && isLoopback;
}

export async function fetchText(
  url: URL,
  { timeoutMs, bytesMax }: { readonly timeoutMs: number; readonly bytesMax: number },
): Promise<string> {
  const response = await fetch(url, {
    // Not `follow`: where a key set is, is the host's decision and nobody else's.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the answer has status ${response.status}, not 200`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > bytesMax) throw new Error(`the answer is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}
