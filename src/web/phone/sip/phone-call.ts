import { Invitation, Inviter, SessionState, UserAgent } from 'sip.js';
import type { Bye, Core, Info, Notification, Session } from 'sip.js';
import { retryDelayMs } from '../../shared/retry-delay';
import type { CallCard } from '../core/card';
import { readMonitoring } from '../core/card';
import { answeredElsewhere, fragStatus } from '../core/sip-reason';
import type { MediaHandler } from './media-handler';

/** What becomes of a session, told once each. */
export interface PhoneCallListener {
  onEstablished(): void;
  /** @param status - of a call of our own that was not answered; 0 when it is over otherwise */
  onEnded(by: 'peer' | 'us' | 'elsewhere' | 'missed' | 'lost', status: number): void;
  /** The call that is listened to is listened to otherwise. */
  onMonitoring?(mode: NonNullable<CallCard['monitoring']>): void;
  /** The other side was not reached with our goodbye. @param again - says it once more */
  onUntold(again: () => void): void;
}

/** What came of asking the other side for something. */
export type Asked = 'done' | 'refused' | 'gone';

/** Statuses after which the dialog is no more (RFC 3261 §12.2.1.2); 408 may be a lost connection alone. */
const GONE: ReadonlySet<number> = new Set([404, 410, 481]);
/** Somebody asks us at the same time (§14.1). */
const GLARE = 491;
const GLARE_TRIES = 4;
/** An earlier re-INVITE still waits for its ACK, which was lost with the connection (§14.2). */
const UNFINISHED = 500;
/** With {@link retryDelayMs} longer than the 32 s for which an answer waits for its ACK (§13.3.1.4). */
const UNFINISHED_TRIES = 10;
const UNFINISHED_MAX_MS = 6_000;
/** Nobody has answered: the connection is gone. */
const UNHEARD: ReadonlySet<number> = new Set([408, 503]);
/** The switch ends the dialog after a transfer; if it does not, we do. */
const AFTER_TRANSFER_MS = 3_000;
const NOTIFY_MS = 120_000;

/** One session of sip.js, for as long as it lasts. */
export class PhoneCall {
  readonly session: Session;
  readonly #listener: PhoneCallListener;
  #over = false;
  #ours = false;
  #canceled: 'elsewhere' | 'missed' | undefined;
  #status = 0;
  /** The other side hung up because the call is somebody else's now. */
  #handedOn = false;
  #asking: Promise<Asked> | undefined;
  #askAgain = false;
  #isRestoring = false;

  constructor(session: Session, listener: PhoneCallListener) {
    this.session = session;
    this.#listener = listener;
    session.delegate = {
      onCancel: ({ request }) => {
        this.#canceled = answeredElsewhere(request.getHeaders('reason')) ? 'elsewhere' : 'missed';
      },
      onBye: (bye: Bye) => {
        this.#handedOn = /call transferred/i.test(bye.request.getHeader('reason') ?? '');
        void bye.accept();
      },
      onInfo: (info: Info) => {
        // Others are carried across from whoever the agent talks with: keys that nobody reads here.
        info.accept().catch(() => undefined);
        const mode = readMonitoring(info.request.getHeader('content-type'), info.request.body);
        if (mode !== undefined) this.#listener.onMonitoring?.(mode);
      },
    };
    session.stateChange.addListener((state) => this.#changed(state));
    // It may have been canceled before anybody looked.
    if (session.state === SessionState.Terminated) queueMicrotask(() => this.#end('missed'));
  }

  get media(): MediaHandler | undefined {
    return this.session.sessionDescriptionHandler as MediaHandler | undefined;
  }
  /** Whether the other side ended it by handing the call on. */
  get handedOn(): boolean {
    return this.#handedOn;
  }
  get established(): boolean {
    return this.session.state === SessionState.Established;
  }

  /** Rejected when the answer cannot be made; the call is over then. */
  async accept(): Promise<void> {
    if (this.session instanceof Invitation) await this.session.accept();
  }

  /** Calls out; resolves when the request is sent. */
  async invite(): Promise<void> {
    if (!(this.session instanceof Inviter)) return;
    await this.session.invite({
      requestDelegate: { onReject: ({ message }) => void (this.#status = message.statusCode ?? 0) },
    });
  }

  /** Ends the call in whatever way its state asks for. Idempotent. */
  hangUp(declined = false): void {
    if (this.#over) return;
    this.#ours = true;
    const { session } = this;
    if (session.state === SessionState.Established) this.#goodbye();
    else if (session instanceof Invitation)
      session.reject({ statusCode: declined ? 603 : 480 }).catch(() => this.#end('us'));
    else if (session instanceof Inviter) session.cancel().catch(() => this.#end('us'));
  }

  /** It cannot be continued, and nobody can be told. */
  abandon(): void {
    if (this.#over) return;
    const { session } = this;
    this.#end('lost');
    if (session.state === SessionState.Initial || session.state === SessionState.Establishing) {
      if (session instanceof Invitation) session.reject().catch(() => undefined);
      else if (session instanceof Inviter) session.cancel().catch(() => undefined);
    } else if (session.state === SessionState.Established) session.bye().catch(() => undefined);
  }

  /**
   * Sends a re-INVITE that says what the media is to be now. Several wishes while one is under way become
   * one more re-INVITE.
   * @param restoring - the connection is a new one; the switch may still wait for something on the old
   */
  renegotiate(restoring = false): Promise<Asked> {
    this.#isRestoring ||= restoring;
    if (this.#asking !== undefined) {
      this.#askAgain = true;
      return this.#asking;
    }
    this.#asking = this.#ask().finally(() => {
      this.#asking = undefined;
      this.#isRestoring = false;
    });
    return this.#asking;
  }

  /** Sends a key, as RTP event or else as INFO. */
  sendKey(key: string): void {
    if (this.media?.sendDtmf(key) === true || !this.established) return;
    this.session
      .info({
        requestOptions: {
          body: {
            contentDisposition: 'render',
            contentType: 'application/dtmf-relay',
            content: `Signal=${key}\r\nDuration=160\r\n`,
          },
        },
      })
      .catch(() => undefined);
  }

  /**
   * Hands the other side over (RFC 3515, RFC 5589): to an address, or to the party of another session.
   * @returns the final status; 2xx when it was taken
   */
  refer(to: string | PhoneCall): Promise<number> {
    const target = typeof to === 'string' ? UserAgent.makeURI(to) : to.session;
    if (target === undefined) return Promise.resolve(416);
    return new Promise((resolve) => {
      const settle = (status: number) => {
        window.clearTimeout(timer);
        this.session.stateChange.removeListener(ended);
        if (status < 300) window.setTimeout(() => this.hangUp(), AFTER_TRANSFER_MS);
        resolve(status);
      };
      // The BYE may overtake the word of success; without its reason the caller has gone.
      const ended = (state: SessionState) => {
        if (state === SessionState.Terminated) settle(this.#handedOn ? 200 : 487);
      };
      const timer = window.setTimeout(() => settle(408), NOTIFY_MS);
      this.session.stateChange.addListener(ended);
      this.session
        .refer(target, {
          onNotify: (notification: Notification) => {
            void notification.accept();
            const status = fragStatus(notification.request.body);
            if (status !== undefined && status >= 200) settle(status);
          },
          requestDelegate: { onReject: ({ message }) => settle(message.statusCode ?? 500) },
        })
        .catch(() => settle(503));
    });
  }

  async #ask(): Promise<Asked> {
    let asked: Asked;
    do {
      this.#askAgain = false;
      asked = await this.#askOnce();
    } while (this.#askAgain && asked !== 'gone');
    return asked;
  }

  async #askOnce(): Promise<Asked> {
    for (let tried = 1; ; tried++) {
      if (!this.established) return 'gone';
      const status = await this.#reinvite();
      if (status < 300) return 'done';
      if (GONE.has(status)) {
        this.abandon();
        return 'gone';
      }
      const wait = this.#waitAfter(status, tried);
      if (wait === undefined) return 'refused';
      await new Promise((resolve) => window.setTimeout(resolve, wait));
    }
  }

  /** Milliseconds after which it is worth asking again; undefined: it is not. */
  #waitAfter(status: number, tried: number): number | undefined {
    if (status === GLARE && tried < GLARE_TRIES)
      // Who was called waits less than who called.
      return (this.session instanceof Inviter ? 2_100 : 0) + Math.random() * 1_900;
    if (status === UNFINISHED && this.#isRestoring && tried < UNFINISHED_TRIES)
      return Math.min(UNFINISHED_MAX_MS, retryDelayMs(tried, Math.random()));
    return undefined;
  }

  #reinvite(): Promise<number> {
    return new Promise((resolve) => {
      const ended = (state: SessionState) => {
        if (state === SessionState.Terminated) settle(481);
      };
      const settle = (status: number) => {
        this.session.stateChange.removeListener(ended);
        resolve(status);
      };
      this.session.stateChange.addListener(ended);
      this.session
        .invite({
          requestDelegate: {
            onAccept: () => settle(200),
            onReject: ({ message }) => settle(message.statusCode ?? 500),
          },
        })
        // Another one is under way: the other side's, or one that waits for its ACK.
        .catch(() => settle(this.established ? GLARE : 481));
    });
  }

  /** It is silent at once, whenever the other side is told. */
  #goodbye(): void {
    const { session } = this;
    let bye: Core.OutgoingRequestMessage | undefined;
    const delegate: Core.OutgoingRequestDelegate = {
      onReject: ({ message }) => {
        if (UNHEARD.has(message.statusCode ?? 0)) this.#listener.onUntold(again);
      },
    };
    const again = () => {
      // The dialog is gone here: the request is sent as it was.
      if (bye !== undefined) session.userAgent.userAgentCore.request(bye, delegate);
    };
    session.bye({ requestDelegate: delegate }).then(
      (sent) => (bye = sent.message),
      () => undefined,
    );
    this.media?.close();
    this.#end('us');
  }

  #changed(state: SessionState): void {
    if (state === SessionState.Established) this.#listener.onEstablished();
    if (state === SessionState.Terminated) this.#end(this.#canceled ?? (this.#ours ? 'us' : 'peer'));
  }

  #end(by: Parameters<PhoneCallListener['onEnded']>[0]): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.onEnded(by, this.#status);
  }
}
