/**
 * Requests to a server over HTTP whose answers are read within bounds: of a message that is longer nothing
 * more is read, whatever the server goes on to send. Nor does it send them, and what they are signed with,
 * to somebody else.
 */

/** `tooLong` is told when an answer, or an event of a stream, has more than `bytesMax` bytes. */
export function boundedFetch(
  bytesMax: number,
  tooLong: (failure: Error) => void,
): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const response = await followed(new URL(url), init);
    if (response.body === null) return response;
    const { status, statusText, headers } = response;
    const isStream = /^text\/event-stream\b/i.test(headers.get('content-type') ?? '');
    const counter = new MessageBytes(isStream);
    const within = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (counter.add(chunk) <= bytesMax) return controller.enqueue(chunk);
        const failure = new Error(`a message of it is longer than ${bytesMax} bytes`);
        tooLong(failure);
        controller.error(failure);
      },
    });
    return new Response(response.body.pipeThrough(within), { status, statusText, headers });
  };
}

/** Redirects that are followed one after the other. */
const hopsMax = 3;
const sameRequest: ReadonlySet<number> = new Set([307, 308]);
const otherRequest: ReadonlySet<number> = new Set([301, 302, 303]);

/**
 * Follows a server to another path of its own, as from `/mcp` to `/mcp/`, and nowhere else: what stands
 * behind an address that it names may be what only this machine reaches, and would get the configuration's
 * headers.
 */
async function followed(url: URL, init: RequestInit | undefined): Promise<Response> {
  let at = url;
  for (let hops = 0; ; hops += 1) {
    const response = await fetch(at, { ...init, redirect: 'manual' });
    const { status } = response;
    const location = response.headers.get('location');
    if (location === null || !(sameRequest.has(status) || otherRequest.has(status)))
      return response;
    await response.body?.cancel();
    const next = URL.parse(location, at.href);
    // A request that was made by a POST would be made by a GET.
    const isSame = sameRequest.has(status) || (init?.method ?? 'GET') === 'GET';
    if (next?.origin !== url.origin || !isSame || hops === hopsMax) {
      const where = next === null ? 'nowhere' : `${next.origin}${next.pathname}`.slice(0, 200);
      throw new Error(
        `it redirects to ${where}: if that is meant, give it as the server's \`url\``,
      );
    }
    at = next;
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Bytes of the message that is being read. In a stream of events, an empty line is the end of one. */
class MessageBytes {
  readonly #isStream: boolean;
  #bytes = 0;
  #inLine = 0;

  constructor(isStream: boolean) {
    this.#isStream = isStream;
  }

  /** The most that a message has come to with this chunk. */
  add(chunk: Uint8Array): number {
    if (!this.#isStream) return (this.#bytes += chunk.length);
    let most = 0;
    for (const byte of chunk) {
      this.#bytes += 1;
      if (byte !== lineFeed && byte !== carriageReturn) {
        this.#inLine += 1;
        continue;
      }
      most = Math.max(most, this.#bytes);
      if (this.#inLine === 0) this.#bytes = 0;
      this.#inLine = 0;
    }
    return Math.max(most, this.#bytes);
  }
}
