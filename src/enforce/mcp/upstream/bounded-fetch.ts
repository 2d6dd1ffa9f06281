/**
 * Requests to a server over HTTP whose answers are read within bounds: of a message that is longer nothing
 * more is read, whatever the server goes on to send.
 */

/** `tooLong` is told when an answer, or an event of a stream, has more than `bytesMax` bytes. */
export function boundedFetch(
  bytesMax: number,
  tooLong: (failure: Error) => void,
): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const response = await fetch(url, init);
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
