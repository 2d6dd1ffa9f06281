/** What a gateway is configured with, read and checked: `read-gateway-file.ts` says how people write it. */
import type { AgentDeclaration, ToolDeclaration } from '../../../engine/index.ts';
import type { IdentityAssertion } from '../../../identity/assertion.ts';

export interface GatewayConfig {
  readonly servers: readonly ServerConfig[];
  /** Whether names are `server__tool`. Only one server can do without. */
  readonly isPrefixed: boolean;
  /** Whom a client over stdio is: the configuration says so, and the log says that it did. */
  readonly principal: IdentityAssertion;
  readonly agent: AgentDeclaration;
  readonly session: SessionTerms;
  readonly results: ResultTerms;
  readonly approvals: ApprovalTerms;
  readonly waits: WaitTerms;
  /** Where clients reach the gateway over Streamable HTTP; without it, over stdio only. */
  readonly http: HttpTerms | undefined;
}

export interface HttpTerms {
  /** An address of this machine, or a name of one. */
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  readonly path: string;
  /** Names in `Host` beside those of this machine's loopback and `host` itself, small letters. */
  readonly allowedHosts: readonly string[];
  /** Origins of pages that may call, beside the endpoint's own, such as `https://desk.example.com`. */
  readonly allowedOrigins: readonly string[];
  /**
   * How a bearer token may be checked: `api-key`, and names of the control plane's authenticators. None only
   * on loopback: everybody who reaches it is the principal of the configuration then.
   */
  readonly authentication: readonly string[];
  /** Issuers of the tokens of those authenticators that the configuration itself has. */
  readonly authorizationServers: readonly string[];
  /** What clients call this endpoint, where that is not its own address. */
  readonly resource: URL | undefined;
  /** Whose control session a client is in: its principal's, also after a reconnect, or the connection's. */
  readonly session: 'principal' | 'connection';
  /** UTF-8 bytes of one request's body. */
  readonly requestBytesMax: number;
  /** How long what nobody uses is kept: servers are let go of then, ms. */
  readonly idleMs: number;
}

export interface SessionTerms {
  /** One control session for all connections with this key, also after a restart; else one for each. */
  readonly key: string | undefined;
  /** Limits by unit; only with a key, since a budget that is new with each connection bounds nothing. */
  readonly budget: Readonly<Record<string, string | number>> | undefined;
}

/** Before the key, in what the kernel knows the session by. */
export const sessionKeyPrefix = 'mcp-gateway/';

export interface ResultTerms {
  /** What becomes of characters in results that nobody sees: told beside them, or left out. */
  readonly hiddenCharacters: 'mark' | 'strip';
}

/** How long a client waits for servers that keep silent, where there are others, ms. */
export interface WaitTerms {
  /** When it comes. */
  readonly readyMs: number;
  /** When it asks for the tools, and servers are asked anew. */
  readonly listMs: number;
}

export interface ApprovalTerms {
  /**
   * Who sits at the client and may be asked there. The client's program answers for whoever that is, and
   * could answer by itself: it is as good as whoever runs it.
   */
  readonly atClient: IdentityAssertion | undefined;
  /** How long a call waits for somebody to decide elsewhere before it is told that it is pending, ms. */
  readonly waitMs: number;
}

/** What becomes of tools that are met for the first time. A changed one is always quarantined. */
export type FirstSight = 'quarantine' | 'accept';

/** Which revisions of the protocol a server is spoken to in. */
export type ServerEra = 'auto' | 'legacy' | 'modern';

export interface ServerConfig {
  readonly name: string;
  readonly target: ProcessTarget | HttpTarget;
  readonly era: ServerEra;
  readonly firstSight: FirstSight;
  readonly startTimeoutMs: number;
  readonly callTimeoutMs: number;
  /** UTF-8 bytes of a result as JSON. */
  readonly resultBytesMax: number;
  /** UTF-8 bytes of one message; a server that sends more is stopped. */
  readonly messageBytesMax: number;
  readonly resources: boolean;
  readonly prompts: boolean;
  /** Whether each reading of a resource, or getting of a prompt, is decided as an action. */
  readonly governs: { readonly resources: boolean; readonly prompts: boolean };
  /**
   * Whether it may ask the client for its roots. A server may take those in place of the folders that it was
   * started with, and then the client says how far it reaches.
   */
  readonly roots: boolean;
  readonly tools: ReadonlyMap<string, ToolTerms>;
}

export interface ProcessTarget {
  readonly kind: 'process';
  /** Program and arguments; no shell reads them. */
  readonly command: readonly [string, ...string[]];
  /** Beside the few variables that every process needs. May hold credentials. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** SHA-256 of the program's file, hex: another one is not started. */
  readonly sha256: string | undefined;
}

export interface HttpTarget {
  readonly kind: 'http';
  readonly url: URL;
  /** May hold credentials. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What the host says of a tool that the tool cannot say of itself. */
export interface ToolTerms {
  readonly action: string | undefined;
  readonly resource: string | undefined;
  readonly estimate: ToolDeclaration['estimate'];
  /** Whether it is left out altogether. */
  readonly isHidden: boolean;
}

export const configLimits = {
  serversMax: 32,
  startTimeoutMs: 30_000,
  callTimeoutMs: 300_000,
  readyMs: 10_000,
  listMs: 3_000,
  timeoutMsMax: 86_400_000,
  resultBytesMax: 1_048_576,
  messageBytesMax: 16_777_216,
  bytesMax: 268_435_456,
  requestBytesMax: 4_194_304,
  idleMs: 1_800_000,
  /** Tools of one server; of more, none is offered. */
  toolsMax: 1_000,
} as const;

/** What bounds the wishes of one client of 2026-07-28 to hear of changes, over stdio and HTTP. */
export const listenLimits = {
  /** Streams on which it listens. */
  subscriptionsMax: 64,
  /** Single resources of which one of them may ask to hear. */
  watchedResourcesMax: 256,
};

export type ListenLimits = Readonly<typeof listenLimits>;

/** What bounds clients over HTTP, whoever they are; no configuration says otherwise. */
export const httpLimits = {
  /** How long a client may take to send the head of a request; of the first one, from its connection on. */
  headMs: 10_000,
  /** And all of a request. */
  requestMs: 60_000,
  /** How often both are looked at. */
  checkMs: 1_000,
  /** How long a connection without a request stays, after it had one. */
  unusedConnectionMs: 5_000,
  connectionsMax: 10_000,
  /** Bytes of bodies that are being read: of one principal's requests, and of all. */
  bodiesBytesMax: 33_554_432,
  bodiesBytesOfAllMax: 134_217_728,
  /** Levels of lists and objects in a request's body; and members and elements, all levels together. */
  requestDepthMax: 200,
  requestMembersMax: 20_000,
  /** Clients of one principal that have servers of their own behind the gateway. */
  clientsPerPrincipalMax: 32,
  clientsMax: 1_000,
  /** UTF-8 bytes that one stream holds for a client that does not read, before it is told more. */
  unreadBytesMax: 4_194_304,
  /** How long an answer that has ended is kept for a client that reads nothing of it. */
  unreadMs: 60_000,
  ...listenLimits,
  /** What streams of one session of 2025-11-25 said lately, kept for `Last-Event-ID`; and of all sessions. */
  replayBytesMax: 2_097_152,
  replayMessagesMax: 1_000,
  replayBytesOfAllMax: 134_217_728,
};

/** What bounds the tasks of clients of either era, over stdio and HTTP; no configuration says otherwise. */
export const taskLimits = {
  /** Tasks of one client that are kept, running or not; over HTTP, of one principal in each era. */
  tasksMax: 256,
  /** Of all clients over HTTP. */
  tasksOfAllMax: 4_096,
  /**
   * How long a task is kept where the client says nothing; one that still runs is stopped then. Clients of
   * 2026-07-28 have nothing to say: theirs is kept so long after its end, and may run for `ttlMsMax`.
   */
  ttlMs: 3_600_000,
  ttlMsMin: 1_000,
  ttlMsMax: 86_400_000,
  /** Tasks that a client runs for one server of its own. */
  hostedMax: 64,
  /** Questions of a server that wait in one task of a client of 2026-07-28. */
  questionsMax: 64,
  /** How often clients are told to ask. */
  pollIntervalMs: 1_000,
  /** How often a server of 2026-07-28 is asked, whatever it says. */
  pollIntervalMsMin: 100,
  pollIntervalMsMax: 60_000,
} as const;

/** What bounds what passes between servers and clients beside calls; no configuration says otherwise. */
export const passingLimits = {
  /** Notifications of one server that pass in a second, progress among them. */
  notificationsPerSecondMax: 200,
  /** Bytes of definitions of one server's tools that are pinned, or wait, while one client is there. */
  definitionsBytesMax: 33_554_432,
  /** Single resources of one server of 2026-07-28 that one client hears of: each is a stream of its own. */
  subscribedResourcesMax: 256,
  /** How long a question of a server waits for its answer. */
  questionMs: 600_000,
  /** After which a stream of a server over HTTP that ended is asked for again, whatever the server says. */
  reconnectMsMin: 500,
  /** Requests of one server that wait for a client at a time. */
  askedMax: 256,
  /** Levels of lists and objects in what a server answers; what is deeper is no answer. */
  answerDepthMax: 200,
  /** Characters of what a server says of a call that failed, as the client is told. */
  failureLengthMax: 16_384,
} as const;

export type HttpLimits = Readonly<typeof httpLimits>;
