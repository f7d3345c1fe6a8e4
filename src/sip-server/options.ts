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

export type Protocol = 'udp' | 'tcp';

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
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
  /** Longest SIP message on a stream, in bytes. */
  readonly maxMessageBytes: number;
  /** Requests longer than this go by TCP where the peer takes it (RFC 3261 §18.1.1), in bytes. */
  readonly maxDatagramBytes: number;
  /** Bytes waiting to be written to one connection before it is closed. */
  readonly maxWriteBuffer: number;
  /** Longest control frame, in bytes. */
  readonly maxFrameBytes: number;
  readonly maxControlConnections: number;
  /** Milliseconds an idle SIP connection is kept. */
  readonly idleConnectionMs: number;
  readonly connectTimeoutMs: number;
  /** Milliseconds the application has for its first answer to a request (the caller then gets 480). */
  readonly applicationTimeoutMs: number;
  /** Milliseconds dialogs outlive the control connection that owned them. */
  readonly orphanGraceMs: number;
}

export const DEFAULT_LIMITS: SipServerLimits = {
  maxTransactions: 200_000,
  maxConnections: 20_000,
  maxConnectionsPerSource: 1_000,
  maxMessageBytes: 65_536,
  maxDatagramBytes: 1_300,
  maxWriteBuffer: 4 * 1024 * 1024,
  maxFrameBytes: 1024 * 1024,
  maxControlConnections: 64,
  idleConnectionMs: 300_000,
  connectTimeoutMs: 4_000,
  applicationTimeoutMs: 64_000,
  orphanGraceMs: 0,
};

export interface SipServerOptions {
  readonly listen: readonly ListenAddress[];
  /** Address that peers see, where it differs from the one bound. */
  readonly externalAddress?: string;
  /** Name servers, `address` or `address:port`; absent: those of the machine. */
  readonly dnsServers?: readonly string[];
  readonly control: { readonly host: string; readonly port: number; readonly secret: string };
  readonly timers?: Partial<TimerBases>;
  readonly limits?: Partial<SipServerLimits>;
  readonly log?: SipServerLog;
  /** May this source send us requests outside a dialog? Others are dropped unanswered. Absent: everyone may. */
  readonly admits?: (address: string) => boolean;
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
  readonly connections: number;
  readonly controlConnections: number;
  /** Requests dropped because their source is not admitted, since the start. */
  readonly dropped: number;
  /** Bytes that were no SIP, counted by message, since the start. */
  readonly malformed: number;
  /** Requests and responses sent again, since the start. */
  readonly retransmissions: number;
}
