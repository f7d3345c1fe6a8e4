import { DrachtioDialog } from './drachtio-dialog';
import type { RawRequest, RawResponse, RawSrf } from './drachtio-raw';
import type { ViewOptions } from './drachtio-request';
import { DrachtioView } from './drachtio-request';
import { ALLOW } from './methods';
import { sendable } from './sendable';
import type { AnswerResult, Headers, IncomingInvite } from './sip-stack';

/** An INVITE that came. */
export class DrachtioInvite extends DrachtioView implements IncomingInvite {
  readonly #srf: RawSrf;
  readonly #request: RawRequest;
  readonly #response: RawResponse;
  /** Provisionals go out reliably only where the caller demands it (RFC 3262 §3). */
  readonly #reliable: boolean;
  #relayed = false;

  constructor(srf: RawSrf, request: RawRequest, response: RawResponse, options: ViewOptions) {
    super(request, options);
    this.#srf = srf;
    this.#request = request;
    this.#response = response;
    this.#reliable = /\b100rel\b/i.test(request.get('Require') ?? '');
  }

  get sdp(): string {
    return this.#request.body ?? '';
  }

  headerNames(): string[] {
    return Object.keys(this.#request.headers);
  }

  onCancel(handler: () => void): void {
    this.#request.on('cancel', handler);
  }

  progress(status: number, sdp?: string): void {
    if (this.#decided) return;
    const headers: Record<string, string> = this.#reliable ? { Require: '100rel' } : {};
    if (sdp !== undefined) headers['Content-Type'] = 'application/sdp';
    this.#response.send(status, sdp === undefined ? { headers } : { headers, body: sdp });
  }

  reject(status: number, reason?: string, headers: Headers = {}): void {
    if (this.#decided) return;
    const sent = sendable(status);
    if (reason === undefined) this.#response.send(sent, { headers: { ...headers } });
    else this.#response.send(sent, reason, { headers: { ...headers } });
  }

  answer(sdp: string): Promise<AnswerResult> {
    return new Promise((resolve) => {
      // drachtio-srf would answer a request without Contact and then fail on its own: RFC 3261 §8.1.1.8.
      if (this.header('Contact') === undefined) {
        this.reject(400, 'Missing Contact');
        resolve({ ok: false, reason: 'no Contact in the INVITE' });
        return;
      }
      this.#srf.createUAS(
        this.#request,
        this.#response,
        { localSdp: sdp, headers: { Allow: ALLOW, Supported: 'timer' } },
        (error, dialog) => {
          if (dialog) resolve({ ok: true, dialog: new DrachtioDialog(dialog) });
          else resolve({ ok: false, reason: error ? String(error.message) : 'no dialog' });
        },
      );
    });
  }

  relay(route: string, headers: Headers = {}): Promise<void> {
    if (this.#decided) return Promise.resolve();
    this.#relayed = true;
    return new Promise((resolve) => {
      this.#srf.proxyRequest(this.#request, [route], { remainInDialog: true, headers }, (error) => {
        if (error) {
          this.#relayed = false;
          this.reject(480);
        }
        resolve();
      });
    });
  }

  /** A final response went out, or is for somebody else to give. */
  get #decided(): boolean {
    return this.#relayed || this.#response.finalResponseSent;
  }
}
