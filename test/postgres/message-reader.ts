/** Cuts a stream of PostgreSQL's protocol into its messages, whatever the chunks it comes in. */

export class MessageReader {
  /** The first message of a client has no type before its length. */
  #isUntyped: boolean;
  #rest = Buffer.alloc(0);

  constructor({ startsUntyped }: { readonly startsUntyped: boolean }) {
    this.#isUntyped = startsUntyped;
  }

  /** The messages that are whole now, each with its type and length. */
  read(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: Buffer[] = [];
    for (;;) {
      const before = this.#isUntyped ? 0 : 1;
      if (this.#rest.length < before + 4) return messages;
      const end = before + this.#rest.readInt32BE(before);
      if (this.#rest.length < end) return messages;
      messages.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
      this.#isUntyped = false;
    }
  }
}
