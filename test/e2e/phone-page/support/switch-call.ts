import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { WrtcPeer } from '../../../support/wrtc/wrtc-peer';
import { headerOf, writeSip } from './sip-text';
import type { SipText } from './sip-text';
import { reply } from './switch-side';

const CONTACT = '<sip:switch@127.0.0.1;transport=ws>';

/** One dialog with the phone, with real audio. */
export class SwitchCall extends EventEmitter<{
  answered: [];
  rejected: [number];
  canceled: [];
  ended: [];
  key: [string];
  reinvited: [];
  renegotiated: [string];
  refer: [SipText];
}> {
  sipCallId = `${randomBytes(6).toString('hex')}@standin`;
  /** What the phone last asked for. */
  direction = 'sendrecv';
  answered = false;
  ended = false;
  /** Status with which the next re-INVITEs are refused. */
  readonly refusals: number[] = [];
  /** Re-INVITEs are answered when it is over. */
  patience: Promise<void> = Promise.resolve();
  readonly #send: (text: string) => void;
  readonly #remote: string;
  readonly #branch = `z9hG4bK${randomBytes(6).toString('hex')}`;
  readonly #tag = randomBytes(4).toString('hex');
  readonly media = WrtcPeer.open();
  #from = `<sip:caller@dce.invalid>;tag=${this.#tag}`;
  #to = '<sip:agent.one@dce.invalid>';
  #invite: SipText | undefined;
  #cseq = 1;
  #closed = false;

  constructor(send: (text: string) => void, contact: string) {
    super();
    this.#send = send;
    this.#remote = /<([^>]+)>/.exec(contact)?.[1] ?? contact;
  }

  async invite(callId: string, card: string): Promise<void> {
    const headers = [
      ['X-DCE-Call-ID', callId],
      ['X-DCE-Card', card],
    ] as const;
    this.#request('INVITE', this.#cseq, this.#branch, headers, await this.media.offer());
  }

  /** The caller gives up, or somebody else has answered. */
  cancel(reason?: string): void {
    this.#request('CANCEL', this.#cseq, this.#branch, reason === undefined ? [] : [['Reason', reason]]);
  }

  bye(reason?: string): void {
    this.#request('BYE', ++this.#cseq, undefined, reason === undefined ? [] : [['Reason', reason]]);
    this.#over();
  }

  /** Tells the phone something within the call. */
  info(type: string, body: string): void {
    this.#request('INFO', ++this.#cseq, undefined, [], body, type);
  }

  /** Hears of the phone's call to somebody. */
  takeInvite(invite: SipText): void {
    this.#invite = invite;
    this.sipCallId = headerOf(invite, 'Call-ID') ?? '';
    this.#to = headerOf(invite, 'From') ?? '';
    this.#from = `${headerOf(invite, 'To') ?? ''};tag=${this.#tag}`;
    this.#send(reply(invite, 180, [['Contact', CONTACT]], '', this.#tag));
  }

  get invited(): SipText | undefined {
    return this.#invite;
  }

  async accept(): Promise<void> {
    const invite = this.#invite;
    if (invite === undefined) throw new Error('nobody has called');
    this.#send(reply(invite, 200, [['Contact', CONTACT]], await this.media.answer(invite.body), this.#tag));
    this.answered = true;
  }

  reject(status: number): void {
    if (this.#invite) this.#send(reply(this.#invite, status, [], '', this.#tag));
  }

  takeResponse(response: SipText): void {
    const [, method] = (headerOf(response, 'CSeq') ?? '').split(' ');
    if (method !== 'INVITE' || response.status === undefined || response.status < 200) return;
    this.#to = headerOf(response, 'To') ?? this.#to;
    const ok = response.status < 300;
    this.#request('ACK', this.#cseq, ok ? undefined : this.#branch);
    if (!ok) {
      this.emit('rejected', response.status);
      this.#over();
      return;
    }
    this.answered = true;
    this.#unlessClosed(this.media.accept(response.body).then(() => this.emit('answered')));
  }

  takeRequest(request: SipText, transferSteps: readonly number[]): void {
    switch (request.method) {
      case 'INVITE':
        this.#unlessClosed(this.#renegotiate(request));
        return;
      case 'BYE':
        this.#send(reply(request, 200));
        this.#over();
        return;
      case 'CANCEL':
        this.#send(reply(request, 200));
        this.reject(487);
        this.emit('canceled');
        return;
      case 'INFO':
        this.#send(reply(request, 200));
        this.emit('key', /Signal=(.)/.exec(request.body)?.[1] ?? '');
        return;
      case 'REFER':
        this.#send(reply(request, 202, [['Contact', CONTACT]]));
        this.emit('refer', request);
        for (const status of transferSteps) this.notify(status);
        return;
      default:
        return;
    }
  }

  /** What has become of a transfer. */
  notify(status: number): void {
    const state = status < 200 ? 'active;expires=60' : 'terminated;reason=noresource';
    this.#request(
      'NOTIFY',
      ++this.#cseq,
      undefined,
      [
        ['Event', 'refer'],
        ['Subscription-State', state],
      ],
      `SIP/2.0 ${status} Whatever\r\n`,
      'message/sipfrag',
    );
  }

  /** Resolves when the phone has answered. */
  async whenAnswered(): Promise<void> {
    if (!this.answered) await once(this, 'answered');
  }

  close(): void {
    this.#closed = true;
    this.media.kill();
  }

  /** What fails because the call was over meanwhile has not failed. */
  #unlessClosed(work: Promise<unknown>): void {
    void work.catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
  }

  async #renegotiate(request: SipText): Promise<void> {
    this.emit('reinvited');
    await this.patience;
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      this.#send(reply(request, refusal));
      return;
    }
    // A browser may write one above the media section too, which then does not count.
    const media = request.body.slice(request.body.indexOf('m=audio'));
    const direction = /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(media)?.[1] ?? 'sendrecv';
    this.#send(reply(request, 200, [['Contact', CONTACT]], await this.media.answer(request.body)));
    this.direction = direction;
    this.emit('renegotiated', request.body);
  }

  #over(): void {
    if (this.ended) return;
    this.ended = true;
    this.close();
    this.emit('ended');
  }

  #request(
    method: string,
    cseq: number,
    branch: string | undefined,
    headers: readonly (readonly [string, string])[] = [],
    body = '',
    type?: string,
  ): void {
    const own = `z9hG4bK${randomBytes(6).toString('hex')}`;
    // Before it has answered the phone has no tag that counts.
    const to = method === 'CANCEL' ? this.#to.replace(/;tag=.*/, '') : this.#to;
    this.#send(
      writeSip(
        `${method} ${this.#remote} SIP/2.0`,
        [
          ['Via', `SIP/2.0/WS switch.invalid;branch=${branch ?? own}`],
          ['Max-Forwards', '70'],
          ['From', this.#from],
          ['To', to],
          ['Call-ID', this.sipCallId],
          ['CSeq', `${cseq} ${method}`],
          ['Contact', CONTACT],
          ...headers,
        ],
        body,
        type,
      ),
    );
  }
}
