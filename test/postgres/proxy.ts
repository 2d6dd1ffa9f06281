/**
 * A TCP proxy before a PostgreSQL that does to connections what networks, poolers and machines do: cuts them
 * before a commit or after it, keeps them and passes nothing on, is slow, resets them, and drops
 * notifications. It knows where the messages of the protocol begin, https://www.postgresql.org/docs/current/protocol-message-formats.html.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { MessageReader } from './message-reader.ts';

/**
 * What happens to a commit: `before` it is forwarded the connection is cut; `at` it is cut as soon as it was
 * forwarded, and nobody knows which was first; `after` the server has answered it is cut in place of the
 * answer; `stall`: it is kept, and neither the commit nor anything after it is passed on.
 */
export type CommitFault = 'before' | 'at' | 'after' | 'stall';

/** A simple query that fails, and with it the transaction that it is in. */
const failing = Buffer.from('Q\0\0\0\x0fSELECT 1/0\0');

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** Whether what was sent since the last commit is an append. */
  isAppending: boolean;
  /** Whether a transaction was begun, which ends with a statement of its own. */
  isInTransaction: boolean;
  /** How many answers are still to come before that to the commit. */
  unanswered: number;
  fault: CommitFault | undefined;
  /** Whether the answer to a query that the client did not send is still to come. */
  isFailing: boolean;
  /** Whether it is still being made. */
  isNew: boolean;
}

/** What a server says as it ends a connection. */
const ending = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mended by the test\0\0');

export class Proxy {
  /** Asked at each append's commit. */
  onCommit: () => CommitFault | undefined = () => undefined;
  /** Bytes are swallowed in both directions, and connections kept. */
  isHalfOpen = false;
  /** How long bytes are held back, ms, in each direction. */
  delayMs = 0;
  dropsNotifications = false;
  /** How many it dropped. */
  dropped = 0;
  /** In how many of the next transactions something fails behind the client's back, just before its COMMIT. */
  failsTransactions = 0;
  /** How many of the next connections are ended, by the server's word, in the moment they are made. */
  endsNew = 0;
  /** How often a commit was hurt. */
  struck = 0;
  readonly #target: URL;
  readonly #server: Server;
  readonly #links = new Set<Link>();

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: string): Promise<Proxy> {
    const proxy = new Proxy(new URL(target));
    await new Promise<void>((done) => void proxy.#server.listen(0, '127.0.0.1', done));
    return proxy;
  }

  /** The target's, through the proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Connections that a client keeps. */
  get kept(): number {
    return [...this.#links].filter(({ client }) => client.readable).length;
  }

  /** Ends every connection with a reset. */
  reset(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Cuts what is left and takes no more. */
  async close(): Promise<void> {
    const closed = new Promise((done) => void this.#server.close(done));
    this.reset();
    await closed;
  }

  #accept(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    const link: Link = {
      client,
      server,
      isAppending: false,
      isInTransaction: false,
      unanswered: 0,
      fault: undefined,
      isFailing: false,
      isNew: true,
    };
    this.#links.add(link);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
    }
    client.on('close', () => this.#gone(link, server));
    server.on('close', () => this.#gone(link, client));
    const sent = new MessageReader({ startsUntyped: true });
    const answered = new MessageReader({ startsUntyped: false });
    this.#pipe(client, server, (bytes) => sent.read(bytes).map((each) => this.#sent(link, each)));
    this.#pipe(server, client, (bytes) =>
      answered.read(bytes).map((each) => this.#answered(link, each)),
    );
  }

  /** A half-open connection is one whose other end never learns that this one is gone. */
  #gone(link: Link, other: Socket): void {
    if (other.destroyed) this.#links.delete(link);
    else if (!this.isHalfOpen && link.fault !== 'stall') other.destroy();
  }

  #pipe(from: Socket, to: Socket, pass: (bytes: Buffer) => readonly (Buffer | undefined)[]): void {
    from.on('data', (bytes: Buffer) => {
      const forward = (): void => {
        if (this.isHalfOpen) return;
        const passed = pass(bytes).filter((each) => each !== undefined);
        if (passed.length > 0 && to.writable) to.write(Buffer.concat(passed));
      };
      if (this.delayMs === 0) forward();
      else setTimeout(forward, this.delayMs);
    });
  }

  /** A message to the server, as it is passed on. */
  #sent(link: Link, message: Buffer): Buffer | undefined {
    if (link.fault !== undefined) return undefined;
    const type = String.fromCharCode(message[0] ?? 0);
    if (type === 'P' && message.includes('.append(')) link.isAppending = true;
    const isCommit = this.#isCommit(link, type, message);
    if (type === 'S' || type === 'Q') link.unanswered += 1;
    if (!isCommit) return message;
    link.isAppending = false;
    if (type === 'Q' && this.failsTransactions > 0) {
      this.failsTransactions -= 1;
      link.isFailing = true;
      return Buffer.concat([failing, message]);
    }
    link.fault = this.onCommit();
    if (link.fault === undefined) return message;
    this.struck += 1;
    if (link.fault === 'after') return message;
    if (link.fault === 'stall') return undefined;
    // What was sent before it is passed on first: the server has done the work and not committed it.
    setImmediate(() => {
      link.server.end();
      link.client.destroy();
    });
    return link.fault === 'at' ? message : undefined;
  }

  /** Whether an append is committed by this message: by its own end, or by that of its transaction. */
  #isCommit(link: Link, type: string, message: Buffer): boolean {
    if (type === 'Q' && message.includes('BEGIN')) link.isInTransaction = true;
    // Not `READ COMMITTED`, which transactions begin with.
    const isEnd = type === 'Q' && message.includes('COMMIT\0');
    const isCommit = link.isAppending && (link.isInTransaction ? isEnd : type === 'S');
    if (isEnd) link.isInTransaction = false;
    return isCommit;
  }

  /** A message from the server, as it is passed on. */
  #answered(link: Link, message: Buffer): Buffer | undefined {
    const type = String.fromCharCode(message[0] ?? 0);
    if (link.isFailing && link.unanswered === 1) {
      // The next answer but one is that to the client's COMMIT.
      if (type === 'Z') link.isFailing = false;
      return undefined;
    }
    if (type === 'Z' && !link.isNew) link.unanswered -= 1;
    if (link.fault === 'after' && type === 'Z' && link.unanswered === 0) {
      link.server.destroy();
      link.client.destroy();
    }
    if (link.fault !== undefined) return undefined;
    if (link.isNew && type === 'Z') {
      link.isNew = false;
      if (this.endsNew > 0) return this.#ended(link, message);
    }
    if (type !== 'A' || !this.dropsNotifications) return message;
    this.dropped += 1;
    return undefined;
  }

  #ended(link: Link, message: Buffer): Buffer {
    this.endsNew -= 1;
    setImmediate(() => {
      link.client.destroy();
      link.server.destroy();
    });
    const header = Buffer.from('E\0\0\0\0');
    header.writeInt32BE(ending.length + 4, 1);
    return Buffer.concat([message, header, ending]);
  }
}
