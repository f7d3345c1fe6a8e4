import type { SipRequest, SipResponse } from '../../../../src/sip-server/message';
import { headerValue, headerValues, splitAddresses, tagOf } from '../../../../src/sip-server/message';
import { SDP } from './constants';
import { newBranch, responseTo } from './messages';
import type { Peer } from './peers';

let counter = 0;

/** One side of a call, played by a {@link Peer}. */
export class Leg {
  sequence = 1;
  /** Route values of what is sent, nearest first. */
  routes: string[] = [];
  #inviteBranch = '';
  #inviteSequence = 1;

  private constructor(
    public peer: Peer,
    readonly callId: string,
    readonly local: string,
    public remote: string,
    /** Request-URI of what is sent. */
    public target: string,
  ) {}

  /** The side that calls. */
  static caller(peer: Peer, user = '+12125550100'): Leg {
    const n = ++counter;
    const target = `sip:${user}@${peer.host}:${peer.serverPort}`;
    const local = `<sip:caller@${peer.sentBy}>;tag=caller${n}`;
    return new Leg(peer, `call-${process.pid}-${n}@test`, local, `<${target}>`, target);
  }

  /** A second hand of the same side: what it sends belongs to the same call, in transactions of its own. */
  twin(): Leg {
    const twin = new Leg(this.peer, this.callId, this.local, this.remote, this.target);
    twin.sequence = this.sequence;
    return twin;
  }

  /** The side that is called by this INVITE. */
  static callee(peer: Peer, invite: SipRequest): Leg {
    const contact = /<([^>]*)>/.exec(headerValue(invite, 'contact') ?? '')?.[1] ?? '';
    return new Leg(
      peer,
      headerValue(invite, 'call-id') ?? '',
      `${headerValue(invite, 'to') ?? ''};tag=callee${++counter}`,
      headerValue(invite, 'from') ?? '',
      contact,
    );
  }

  invite(headers: readonly string[] = [], body = SDP): void {
    this.#inviteBranch = newBranch();
    this.#inviteSequence = this.sequence;
    this.#send('INVITE', this.sequence, this.#inviteBranch, headers, body);
  }

  /** The same INVITE once more, byte for byte. */
  inviteAgain(headers: readonly string[] = [], body = SDP): void {
    this.#send('INVITE', this.#inviteSequence, this.#inviteBranch, headers, body);
  }

  cancel(): void {
    this.#send('CANCEL', this.#inviteSequence, this.#inviteBranch, [], '');
  }

  /** Confirms a final response to the last INVITE, and learns the other side's tag from a success. */
  ack(response: SipResponse, headers: readonly string[] = []): void {
    const success = response.status < 300;
    if (success) this.learn(response);
    const remote = this.remote;
    this.remote = headerValue(response, 'to') ?? '';
    this.#send('ACK', this.#inviteSequence, success ? newBranch() : this.#inviteBranch, headers, '');
    if (!success) this.remote = remote;
  }

  /** Takes tag and Contact of a response that makes a dialog. */
  learn(response: SipResponse): void {
    this.remote = headerValue(response, 'to') ?? '';
    const contact = /<([^>]*)>/.exec(headerValue(response, 'contact') ?? '')?.[1];
    if (contact !== undefined) this.target = contact;
    this.routes = headerValues(response, 'record-route').flatMap(splitAddresses).reverse();
  }

  /** Takes the route of an INVITE that came. */
  learnRoutes(invite: SipRequest): void {
    this.routes = headerValues(invite, 'record-route').flatMap(splitAddresses);
  }

  /** A new request in the dialog, any method but INVITE. */
  request(method: string, headers: readonly string[] = [], body = ''): void {
    this.#send(method, ++this.sequence, newBranch(), headers, body);
  }

  reinvite(body = SDP): void {
    this.sequence++;
    this.invite([], body);
  }

  /** Answers a request that came to this side. */
  answer(request: SipRequest, status: number, headers: readonly string[] = [], body = ''): void {
    this.peer.send(
      responseTo(request, status, tagOf(this.local), [`Contact: ${this.peer.contact}`, ...headers], body),
    );
  }

  #send(method: string, sequence: number, branch: string, headers: readonly string[], body: string): void {
    const { peer } = this;
    peer.send(
      [
        `${method} ${this.target} SIP/2.0`,
        `Via: SIP/2.0/${peer.protocol} ${peer.sentBy};rport;branch=${branch}`,
        ...(headers.some((line) => line.startsWith('Max-Forwards:')) ? [] : ['Max-Forwards: 70']),
        ...this.routes.map((route) => `Route: ${route}`),
        `From: ${this.local}`,
        `To: ${this.remote}`,
        `Call-ID: ${this.callId}`,
        `CSeq: ${sequence} ${method}`,
        `Contact: ${peer.contact}`,
        ...headers,
        ...(body === '' || headers.some((line) => line.startsWith('Content-Type:'))
          ? []
          : ['Content-Type: application/sdp']),
        `Content-Length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    );
  }
}
