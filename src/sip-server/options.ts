/** RFC 3261 §17.1.1.1 timer bases, in milliseconds. */
export interface TimerBases {
  readonly t1: number;
  readonly t2: number;
  readonly t4: number;
}

/** T2 and T4 in the proportion to T1 that RFC 3261 §17.1.1.1 gives them: 500 ms, 4 s, 5 s. */
export function timersFrom(t1: number): TimerBases {
  return { t1, t2: t1 * 8, t4: t1 * 10 };
}

export const DEFAULT_TIMERS = timersFrom(500);

export type Protocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** True for WebSocket, whose connections clients open and servers never (RFC 7118 §3). */
export function isWebSocket(protocol: Protocol): boolean {
  return protocol === 'ws' || protocol === 'wss';
}

/** True for transports over TLS: listening on them takes a certificate. */
export function isSecure(protocol: Protocol): boolean {
  return protocol === 'tls' || protocol === 'wss';
}

/** One place to listen for SIP. */
export interface ListenAddress {
  readonly protocol: Protocol;
  /** IP address; `0.0.0.0` or `::` for all. */
  readonly address: string;
  /** 0 picks a free one. */
  readonly port: number;
}

/** Bounds; every one of them refuses politely where that is possible and counts what it refused. */
export interface SipServerLimits {
  /** Transactions at once; beyond, new requests get 503 (RFC 3261 §21.5.4). */
  readonly maxTransactions: number;
  /** TCP and TLS connections at once. */
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
  /** WebSocket connections at once, those included that are not through their handshake yet. */
  readonly maxWebSockets: number;
  readonly maxWebSocketsPerSource: number;
  /** Longest SIP message on a stream or in a WebSocket message, in bytes. */
  readonly maxMessageBytes: number;
  /** Requests longer than this go by TCP where the peer takes it (RFC 3261 §18.1.1), in bytes. */
  readonly maxDatagramBytes: number;
  /** Bytes waiting to be written to one connection before it is closed. */
  readonly maxWriteBuffer: number;
  /** The same of a WebSocket connection: there are many of them, and strangers among their peers. */
  readonly maxWebSocketWriteBuffer: number;
  /** Longest control frame, in bytes. */
  readonly maxFrameBytes: number;
  readonly maxControlConnections: number;
  /** Milliseconds an idle SIP connection is kept. */
  readonly idleConnectionMs: number;
  readonly connectTimeoutMs: number;
  /** Milliseconds that a TLS or WebSocket connection has, handshakes included, for its first SIP message. */
  readonly firstMessageMs: number;
  /** Milliseconds after which a WebSocket connection is closed to which no REGISTER or INVITE was granted, and no request sent. */
  readonly strangerMs: number;
  /** Requests at once of such a connection that are not over; beyond, new ones get 503. */
  readonly maxStrangerRequests: number;
  /** Milliseconds between two pings of a WebSocket connection; one that is silent from one to the next is dead. */
  readonly pingMs: number;
  /** Milliseconds the application has for its first answer to a request (the caller then gets 480). */
  readonly applicationTimeoutMs: number;
  /** Milliseconds dialogs outlive the control connection that owned them. */
  readonly orphanGraceMs: number;
}

export const DEFAULT_LIMITS: SipServerLimits = {
  maxTransactions: 200_000,
  maxConnections: 20_000,
  maxConnectionsPerSource: 1_000,
  maxWebSockets: 20_000,
  maxWebSocketsPerSource: 1_000,
  maxMessageBytes: 65_536,
  maxDatagramBytes: 1_300,
  maxWriteBuffer: 4 * 1024 * 1024,
  maxWebSocketWriteBuffer: 512 * 1024,
  maxFrameBytes: 1024 * 1024,
  maxControlConnections: 64,
  idleConnectionMs: 300_000,
  connectTimeoutMs: 4_000,
  firstMessageMs: 10_000,
  strangerMs: 60_000,
  maxStrangerRequests: 16,
  pingMs: 20_000,
  applicationTimeoutMs: 64_000,
  orphanGraceMs: 0,
};

/** What TLS and secure WebSocket listeners show, and what is asked of peers that TLS connections are made to. */
export interface TlsOptions {
  /** PEM: the certificate, and those that lead to a root. Read again when the file changes. */
  readonly certFile: string;
  /** PEM, without a passphrase. */
  readonly keyFile: string;
  /** PEM: roots to trust in place of the well-known ones. */
  readonly caFile?: string;
  /** False: peers that we connect to may show any certificate. */
  readonly verifyPeers?: boolean;
  /** Milliseconds between two looks at the files; 5 s by default. */
  readonly pollMs?: number;
}

/** Who may open WebSocket connections. */
export interface WebSocketOptions {
  /** Origins of pages that may, as `https://phone.example.com`; empty: any, and none at all. */
  readonly origins?: readonly string[];
  /** Addresses and CIDR blocks of reverse proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[];
}

export interface SipServerOptions {
  readonly listen: readonly ListenAddress[];
  /** Address that peers see, where it differs from the one bound. */
  readonly externalAddress?: string;
  /** Name servers, `address` or `address:port`; absent: those of the machine. */
  readonly dnsServers?: readonly string[];
  readonly control: { readonly host: string; readonly port: number; readonly secret: string };
  /** Needed to listen on `tls:` and `wss:`. */
  readonly tls?: TlsOptions;
  readonly webSocket?: WebSocketOptions;
  readonly timers?: Partial<TimerBases>;
  readonly limits?: Partial<SipServerLimits>;
  readonly log?: SipServerLog;
  /**
   * May this source send us requests outside a dialog, by UDP or TCP? Others are dropped unanswered.
   * Absent: everyone may. Over TLS and WebSocket everyone may: phones call from anywhere.
   */
  readonly admits?: (address: string) => boolean;
  /** Hears of connections by which phones registered, in order, gathered for a moment. */
  readonly onFlows?: (changes: readonly FlowChange[]) => void;
}

/** A connection of a phone, or the end of it: transport, and address and port of the peer. */
export interface FlowChange {
  readonly transport: Protocol;
  readonly address: string;
  readonly port: number;
  /** True: a REGISTER that came by it was granted. False: it has closed since. */
  readonly open: boolean;
}

/** Where the server tells of itself. Called rarely: repeated trouble is counted, not repeated. */
export type SipServerLog = (
  level: 'info' | 'warn',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** What is alive; all zero when nothing goes on. */
export interface SipServerStats {
  readonly serverTransactions: number;
  readonly clientTransactions: number;
  readonly dialogs: number;
  /** Of every kind. */
  readonly connections: number;
  readonly controlConnections: number;
  /** Requests dropped because their source is not admitted, since the start. */
  readonly dropped: number;
  /** Bytes that were no SIP, counted by message, since the start. */
  readonly malformed: number;
  /** Requests and responses sent again, since the start. */
  readonly retransmissions: number;
}
