import type { SipRequest, SipResponse } from '../../../../src/sip-server/message';
import { parseMessage, writeMessage } from '../../../../src/sip-server/message';
import { DEFAULT_TIMERS } from '../../../../src/sip-server/options';
import type { Protocol } from '../../../../src/sip-server/options';
import { ClientTransaction, ServerTransaction } from '../../../../src/sip-server/transaction';
import type { Flow } from '../../../../src/sip-server/transport';
import { VirtualTime } from '../virtual-time';

/** RFC 3261's own values, in milliseconds. */
export const { t1: T1, t2: T2, t4: T4 } = DEFAULT_TIMERS;

export class RecordingFlow implements Flow {
  readonly address = '192.0.2.1';
  readonly port = 5060;
  readonly localAddress = '192.0.2.9';
  readonly localPort = 5060;
  readonly sent: { at: number; text: string }[] = [];
  broken = false;

  constructor(
    readonly protocol: Protocol,
    private readonly time: VirtualTime,
  ) {}

  send(text: string): boolean {
    if (this.broken) return false;
    this.sent.push({ at: this.time.now, text });
    return true;
  }

  /** When something whose start line begins so was sent. */
  times(start: string): number[] {
    return this.sent.filter(({ text }) => text.startsWith(start)).map(({ at }) => at);
  }
}

export function request(method: string): SipRequest {
  const parsed = parseMessage(
    `${method} sip:bob@b.com SIP/2.0\r\nVia: SIP/2.0/UDP a.com;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP behind\r\nMax-Forwards: 70\r\n` +
      `Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\nFrom: <sip:a@a.com>;tag=a\r\nTo: <sip:bob@b.com>\r\nCall-ID: c1\r\nCSeq: 7 ${method}\r\nContent-Length: 0\r\n\r\n`,
  );
  if (!parsed.ok || parsed.message.kind !== 'request') throw new Error('no request');
  return parsed.message;
}

export function response(status: number): SipResponse {
  return {
    kind: 'response',
    status,
    reason: 'Some',
    headers: [{ name: 'To', key: 'to', value: `<sip:bob@b.com>;tag=b${status}` }],
    body: '',
  };
}

export class ClientBench {
  readonly time = new VirtualTime();
  readonly flow: RecordingFlow;
  readonly transaction: ClientTransaction;
  readonly heard: (number | 'timeout' | 'transport' | 'terminated')[] = [];
  endedAt = -1;
  retransmissions = 0;

  constructor(
    readonly method: string,
    protocol: Protocol,
  ) {
    this.flow = new RecordingFlow(protocol, this.time);
    const sent = request(method);
    this.transaction = new ClientTransaction(
      'id',
      'z9hG4bK1',
      sent,
      writeMessage(sent),
      this.flow,
      {
        onResponse: ({ status }) => this.heard.push(status),
        onNoResponse: (why) => this.heard.push(why),
        onTerminated: () => {
          this.heard.push('terminated');
          this.endedAt = this.time.now;
        },
        onRetransmit: () => this.retransmissions++,
      },
      this.time,
      DEFAULT_TIMERS,
    );
  }

  start(): this {
    this.transaction.start();
    return this;
  }

  receive(status: number): void {
    this.transaction.receive(response(status), `SIP/2.0 ${status} Some\r\n\r\n`);
  }
}

export class ServerBench {
  readonly time = new VirtualTime();
  readonly flow: RecordingFlow;
  readonly transaction: ServerTransaction;
  readonly heard: ('no ack' | 'terminated')[] = [];
  endedAt = -1;
  retransmissions = 0;

  constructor(method: string, protocol: Protocol) {
    this.flow = new RecordingFlow(protocol, this.time);
    this.transaction = new ServerTransaction(
      'id',
      'key',
      request(method),
      this.flow,
      'tag',
      {
        onResponse: () => undefined,
        onNoAck: () => this.heard.push('no ack'),
        onTerminated: () => {
          this.heard.push('terminated');
          this.endedAt = this.time.now;
        },
        onRetransmit: () => this.retransmissions++,
      },
      this.time,
      DEFAULT_TIMERS,
    );
  }

  respond(status: number): boolean {
    return this.transaction.respond(status, `SIP/2.0 ${status} Some\r\n\r\n`);
  }
}
