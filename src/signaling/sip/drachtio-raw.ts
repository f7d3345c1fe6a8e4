import type { Socket } from 'node:net';
import type { Headers } from './sip-stack';

/** drachtio-srf's own types leave out what it really offers; this is what the switch uses of it. */
export interface RawMessage {
  readonly body: string | undefined;
  readonly uri: string;
  readonly method: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
  readonly protocol: string | undefined;
  readonly source_address: string;
  readonly source_port: number;
  get(name: string): string | undefined;
  has(name: string): boolean;
}

export interface RawRequest extends RawMessage {
  readonly socket: Socket;
  on(event: 'cancel', handler: () => void): void;
  cancel(options: { headers: Headers }, callback: (error?: Error) => void): void;
}

/** `headers` may name several values of one header; `body` is sent as it is. */
export interface RawAnswer {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export interface RawResponse extends RawMessage {
  readonly finalResponseSent: boolean;
  send(status: number, options?: RawAnswer): void;
  send(status: number, reason: string, options: RawAnswer): void;
}

export interface RawDialog {
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly remote: { sdp: string | undefined };
  readonly local: { sdp: string; readonly contact?: string | undefined };
  on(event: 'destroy', handler: (request: RawMessage, reason?: string) => void): void;
  on(event: 'ack', handler: (request: RawMessage) => void): void;
  on(
    event: 'modify' | 'update' | 'info' | 'message' | 'refer',
    handler: (request: RawMessage, response: RawResponse) => void,
  ): void;
  destroy(options: { headers: Headers }, callback: (error?: Error) => void): void;
  request(
    options: { method: string; headers: Headers; body: string },
    /** Called for provisional responses too. */
    callback: (error: Error | null, response?: RawMessage) => void,
  ): void;
}

/** Why an INVITE came to nothing; `res` is the response, where there was one. */
export type RawFailure = Error & {
  readonly status?: number;
  readonly reason?: string;
  readonly res?: RawMessage;
};

export interface RawSrf {
  connect(options: object): void;
  disconnect(): void;
  on(event: 'connect', handler: (error: Error | null, hostports: string) => void): void;
  on(event: 'error', handler: (error: Error) => void): void;
  on(event: 'close', handler: () => void): void;
  invite(handler: (request: RawRequest, response: RawResponse) => void): void;
  options(handler: (request: RawRequest, response: RawResponse) => void): void;
  register(handler: (request: RawRequest, response: RawResponse) => void): void;
  createUAS(
    request: RawRequest,
    response: RawResponse,
    options: { localSdp: string; headers?: Headers },
    callback: (error: Error | null, dialog?: RawDialog) => void,
  ): void;
  createUAC(
    uri: string,
    options: { localSdp: string; callingNumber: string; headers: Headers; proxy?: string },
    progress: {
      cbRequest(error: Error | null, request?: RawRequest): void;
      cbProvisional(response: RawMessage): void;
    },
    callback: (error: RawFailure | null, dialog?: RawDialog) => void,
  ): void;
  proxyRequest(
    request: RawRequest,
    destinations: string[],
    options: { remainInDialog: boolean; headers: Headers },
    callback: (error: unknown) => void,
  ): void;
}
