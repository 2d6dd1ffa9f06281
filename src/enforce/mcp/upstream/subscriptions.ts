/**
 * The single resources that a server of 2026-07-28 is asked to tell of, each by a stream of its own. What is
 * asked of one resource is done one after the other: of two streams at once, one could never be ended.
 */
import {
  type McpSubscription,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/client';
import { passingLimits } from '../config/config.ts';
import { InTurn } from '../../in-turn.ts';

export class Subscriptions {
  readonly #open = new Map<string, McpSubscription>();
  readonly #asking = new InTurn();
  /** Streams that are being opened. */
  #opening = 0;

  /**
   * In place of the stream that there is for it, if there is one. Throws an error of the protocol for one
   * more than there may be.
   */
  begin(uri: string, listen: () => Promise<McpSubscription>): Promise<void> {
    return this.#asking.do(uri, async () => {
      if (!this.#open.has(uri)) this.#assertRoom();
      this.#opening += 1;
      try {
        await this.#end(uri);
        this.#open.set(uri, await listen());
      } finally {
        this.#opening -= 1;
      }
    });
  }

  #assertRoom(): void {
    const { subscribedResourcesMax: most } = passingLimits;
    if (this.#open.size + this.#opening < most) return;
    const message = `at most ${most} resources of this server at a time`;
    throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message);
  }

  end(uri: string): Promise<void> {
    return this.#asking.do(uri, () => this.#end(uri));
  }

  /** The server went away, and its streams with it. */
  forget(): void {
    this.#open.clear();
  }

  async #end(uri: string): Promise<void> {
    const subscription = this.#open.get(uri);
    this.#open.delete(uri);
    await subscription?.close();
  }
}
