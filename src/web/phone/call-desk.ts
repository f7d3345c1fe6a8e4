import type { Invitation, Session, SessionDescriptionHandlerFactory } from 'sip.js';
import type { Microphone } from './audio/microphone';
import type { Sounds } from './audio/sounds';
import { callReducer, isBusy } from './core/call-machine';
import type { CallEvent, CallState, Transfer, TransferTarget } from './core/call-machine';
import { cardOf, readCard } from './core/card';
import { QualityWatch } from './quality-watch';
import type { RecordingWatch } from './recording-watch';
import { MediaHandler } from './sip/media-handler';
import { PhoneCall } from './sip/phone-call';
import type { PhoneLine } from './sip/phone-line';
import type { Notice, Store } from './state';

export interface CallDeskParts {
  readonly store: Store;
  readonly microphone: Microphone;
  readonly sounds: Sounds;
  line(): PhoneLine;
  /** What the agent may know of a call that was answered. */
  card(callId: string): Promise<unknown>;
  /** Watches the recording of the call in hand. */
  watchRecording(callId: string): RecordingWatch;
}

/** The card may not be there in the very moment of the answer. */
const CARD_WAITS_MS = [0, 700, 2_000];
/** What a second caller gets; the switch rings somebody else. */
const BUSY = 486;
const AFTER_TRANSFER_MS = 3_000;

/** The call of this phone: it does what the agent asks for, and tells the state what came of it. */
export class CallDesk {
  readonly #parts: CallDeskParts;
  #call: PhoneCall | undefined;
  #consult: PhoneCall | undefined;
  #holdsMicrophone = false;
  #watch: QualityWatch | undefined;
  #recording: RecordingWatch | undefined;
  /** Goodbyes that did not get through. */
  #owed: (() => void)[] = [];

  constructor(parts: CallDeskParts) {
    this.#parts = parts;
  }

  get #state(): CallState {
    return this.#parts.store.state.call;
  }

  /** Makes the media of a session; sip.js asks for it. */
  readonly media: SessionDescriptionHandlerFactory = (session) => this.#createMedia(session);

  /** A call comes in. */
  take(invitation: Invitation): void {
    if (isBusy(this.#state) || this.#call !== undefined) {
      invitation.reject({ statusCode: BUSY }).catch(() => undefined);
      return;
    }
    const callId = invitation.request.getHeader('X-DCE-Call-ID') ?? invitation.request.callId;
    const card = readCard(callId, invitation.request.getHeader('X-DCE-Card'));
    const call = new PhoneCall(invitation, {
      onEstablished: () => this.#established(call),
      onEnded: (by) => {
        if (this.#call !== call) return;
        const answered = this.#state.phase === 'active';
        if (by === 'peer') this.#ended(call.handedOn ? 'transferred' : answered ? 'caller' : 'missed');
        else if (by === 'us') this.#ended(answered ? 'agent' : 'declined');
        else this.#ended(by);
      },
      onMonitoring: (mode) => {
        if (this.#call === call) this.#dispatch({ type: 'monitoring', mode });
      },
      onUntold: (again) => this.#owed.push(again),
    });
    this.#call = call;
    this.#dispatch({ type: 'invited', callId, card, at: Date.now() });
  }

  /** Opens the microphone first: while that fails the call goes on ringing, here and elsewhere. */
  async answer(): Promise<void> {
    const call = this.#call;
    if (call === undefined || this.#state.phase !== 'ringing') return;
    this.#parts.sounds.unlock();
    this.#dispatch({ type: 'answering' });
    const opened = await this.#parts.microphone.take();
    if (this.#call !== call) {
      if (opened.ok) this.#parts.microphone.release();
      return;
    }
    this.#parts.store.set({ microphone: opened.ok ? 'ok' : opened.trouble });
    if (!opened.ok) {
      this.#dispatch({ type: 'answer_failed', trouble: opened.trouble });
      return;
    }
    this.#holdsMicrophone = true;
    try {
      await call.accept();
    } catch {
      if (this.#call === call) this.#ended('failed');
    }
  }

  /** Also while it is being answered: a browser may ask for the microphone for as long as it likes. */
  decline(): void {
    if (this.#state.phase === 'ringing' || this.#state.phase === 'answering') this.#call?.hangUp(true);
  }

  hangUp(): void {
    this.#consult?.hangUp();
    this.#call?.hangUp();
  }

  mute(): void {
    const state = this.#state;
    if (state.phase !== 'active') return;
    this.#dispatch({ type: 'muted', on: !state.muted });
    for (const call of [this.#call, this.#consult]) if (call?.media) call.media.muted = !state.muted;
  }

  async hold(): Promise<void> {
    const state = this.#state;
    // In a transfer the caller's hold belongs to it.
    if (state.phase === 'active' && !state.changing && state.transfer.step === 'none')
      await this.#setHold(!state.held);
  }

  /** Leaves out of the recording what is said now, or goes on with it. */
  async pauseRecording(): Promise<void> {
    await this.#recording?.toggle();
  }

  key(digit: string): void {
    const spoken = this.#consult ?? this.#call;
    if (this.#state.phase !== 'active' || spoken === undefined) return;
    this.#dispatch({ type: 'digit', digit });
    spoken.sendKey(digit);
  }

  openTransfer(): void {
    this.#dispatch({ type: 'transfer_opened' });
  }

  /** Leaves the transfer, whatever has come of it, and goes back to the caller. */
  async cancelTransfer(): Promise<void> {
    const state = this.#state;
    if (state.phase !== 'active') return;
    const { step } = state.transfer;
    this.#dispatch({ type: 'transfer_closed' });
    if (step !== 'consulting' && step !== 'consult_over') return;
    const consult = this.#consult;
    this.#consult = undefined;
    consult?.hangUp();
    await this.#setHold(false);
  }

  async transfer(target: TransferTarget): Promise<void> {
    const call = this.#call;
    if (this.#step() !== 'choosing' || call === undefined) return;
    this.#dispatch({ type: 'transfer_blind', target });
    const status = await call.refer(target.sipUri);
    if (this.#call !== call) return;
    if (status < 300) this.#ended('transferred');
    else this.#dispatch({ type: 'transfer_failed', status, alone: true });
  }

  /** Puts the caller on hold and calls somebody to ask first. */
  async consult(target: TransferTarget): Promise<void> {
    const call = this.#call;
    const state = this.#state;
    if (this.#step() !== 'choosing' || call === undefined || state.phase !== 'active') return;
    this.#dispatch({ type: 'transfer_consult', target });
    const begun = this.#transfer;
    const isHeld = await this.#setHold(true);
    // The agent has gone back to the caller meanwhile, or the call is over.
    if (this.#call !== call || this.#transfer !== begun) return;
    if (!isHeld) return this.#dispatch({ type: 'transfer_closed' });
    const inviter = this.#parts.line().inviter(target.sipUri, [`X-DCE-Call-ID: ${state.callId}`]);
    if (inviter === undefined) {
      this.#dispatch({ type: 'consult_over', status: 404 });
      return;
    }
    const consult = new PhoneCall(inviter, {
      onEstablished: () => {
        if (this.#consult === consult) this.#dispatch({ type: 'consult_answered' });
      },
      onEnded: (_by, status) => {
        if (this.#consult !== consult) return;
        this.#consult = undefined;
        this.#dispatch({ type: 'consult_over', status });
      },
      onUntold: (again) => this.#owed.push(again),
    });
    this.#consult = consult;
    await consult.invite().catch(() => {
      consult.abandon();
    });
  }

  /** Brings the caller and the colleague together, and leaves. */
  async completeTransfer(): Promise<void> {
    const call = this.#call;
    const consult = this.#consult;
    if (call === undefined || consult === undefined) return;
    this.#dispatch({ type: 'transfer_completing' });
    if (this.#step() !== 'completing') return;
    const status = await call.refer(consult);
    if (this.#call !== call) return;
    if (status < 300) this.#ended('transferred');
    else this.#dispatch({ type: 'transfer_failed', status, alone: this.#consult === undefined });
  }

  /** The wrap-up is over. */
  done(): void {
    this.#dispatch({ type: 'done' });
  }

  tell(event: Extract<CallEvent, { type: 'disposition' }>): void {
    this.#dispatch(event);
  }

  flowLost(): void {
    const { phase } = this.#state;
    if (phase === 'active') this.#dispatch({ type: 'flow_lost' });
    // An answer would not reach the switch any more; it rings again on the new connection, or elsewhere.
    else if (phase === 'ringing' || phase === 'answering') this.#call?.abandon();
    if (this.#consult !== undefined && !this.#consult.established) this.#consult.abandon();
  }

  /** The dialogs go on, on the new connection, and the sound looks for its way anew. */
  async flowRestored(): Promise<void> {
    for (const tell of this.#owed.splice(0)) tell();
    await Promise.all([this.#restore(this.#call), this.#restore(this.#consult)]);
    this.#dispatch({ type: 'flow_restored' });
  }

  /** Speaks with the microphone that is chosen now. */
  async microphoneChanged(): Promise<void> {
    const track = this.#parts.microphone.track;
    if (track === undefined) return;
    await Promise.all(
      // One that has just ended needs none.
      [this.#call, this.#consult].map((call) => call?.media?.replaceMicrophone(track).catch(() => undefined)),
    );
  }

  /** The page is going away. */
  leave(): void {
    this.hangUp();
    this.#owed = [];
  }

  get #transfer(): Transfer | undefined {
    const state = this.#state;
    return state.phase === 'active' ? state.transfer : undefined;
  }

  #step() {
    return this.#transfer?.step;
  }

  async #restore(call: PhoneCall | undefined): Promise<void> {
    if (call?.media === undefined || !call.established) return;
    call.media.restartIce = true;
    await call.renegotiate(true);
  }

  /** @returns whether it is as wished; false too where something else is wished meanwhile */
  async #setHold(held: boolean): Promise<boolean> {
    const call = this.#call;
    const media = call?.media;
    if (call === undefined || media === undefined || this.#state.phase !== 'active') return false;
    if (media.hold === held && media.agreedHold === held) return true;
    this.#dispatch({ type: 'hold_asked' });
    media.hold = held;
    const asked = await call.renegotiate();
    // Whoever wished something else since then settles it.
    if (this.#call !== call || media.hold !== held) return false;
    if (asked !== 'done') {
      media.hold = media.agreedHold;
      this.#notice({ kind: 'hold_failed' });
    }
    this.#dispatch({ type: 'hold_settled', held: media.agreedHold });
    return asked === 'done';
  }

  #established(call: PhoneCall): void {
    if (this.#call !== call || call.media === undefined) return;
    this.#dispatch({ type: 'established', at: Date.now() });
    this.#parts.line().busy = true;
    this.#watch = new QualityWatch(call.media.connection, (quality, silent) => {
      const state = this.#state;
      const quiet =
        silent && state.phase === 'active' && !state.held && !state.heldByPeer && !state.restoring;
      this.#parts.store.set({ quality, silent: quiet });
    });
    const state = this.#state;
    // Of a call that is only listened to there is nothing to learn, nor to pause.
    if (state.phase !== 'active' || state.card.monitoring !== undefined) return;
    this.#recording = this.#parts.watchRecording(state.callId);
    void this.#learnCard();
  }

  async #learnCard(): Promise<void> {
    const state = this.#state;
    if (state.phase !== 'active') return;
    for (const wait of CARD_WAITS_MS) {
      await new Promise((resolve) => window.setTimeout(resolve, wait));
      const card = await this.#parts.card(state.callId).catch(() => undefined);
      const now = this.#state;
      if (now.phase === 'idle' || now.callId !== state.callId) return;
      if (card === undefined) continue;
      // What was shown while it rang stays, should it be missing now.
      this.#dispatch({ type: 'card', card: { ...now.card, ...cardOf(state.callId, card) } });
      return;
    }
    this.#dispatch({ type: 'card', card: state.card });
  }

  #ended(by: Extract<CallEvent, { type: 'ended' }>['by']): void {
    const consult = this.#consult;
    this.#call = this.#consult = undefined;
    this.#watch?.close();
    this.#watch = undefined;
    this.#recording?.close();
    this.#recording = undefined;
    this.#parts.line().busy = false;
    this.#parts.store.set({ quality: undefined, silent: false, legs: {} });
    const before = this.#state;
    this.#dispatch({ type: 'ended', by, at: Date.now() });
    // Nothing is said of a call that was somebody else's.
    if (before.phase !== 'idle' && before.card.monitoring !== undefined) this.done();
    // The switch ends our part of the consultation, and not the colleague's.
    if (by === 'transferred') window.setTimeout(() => consult?.hangUp(), AFTER_TRANSFER_MS);
    else consult?.hangUp();
    if (!this.#holdsMicrophone) return;
    this.#holdsMicrophone = false;
    this.#parts.microphone.release();
  }

  #createMedia(session: Session): MediaHandler {
    const { microphone, sounds } = this.#parts;
    const track = microphone.track;
    if (track === undefined) throw new Error('the microphone is not open');
    const isConsult = this.#consult?.session === session;
    let stop: (() => void) | undefined;
    const handler = new MediaHandler({
      configuration: () => {
        const credentials = this.#parts.line().credentials;
        return {
          iceServers: (credentials?.iceServers ?? []).map((server) => ({
            ...server,
            urls: [server.urls].flat(),
          })),
          iceTransportPolicy: credentials?.iceTransportPolicy ?? 'all',
        };
      },
      microphone: track,
      onSound: (stream) => {
        stop?.();
        stop = sounds.play(stream);
      },
      onPathLost: () => {
        const call = isConsult ? this.#consult : this.#call;
        // Without a connection there is nobody to ask; that comes with the next one.
        if (call?.session === session && this.#parts.line().online) void this.#restore(call);
      },
      onPeerHold: (on) => {
        if (!isConsult) this.#dispatch({ type: 'peer_hold', on });
      },
      onClose: () => stop?.(),
    });
    const state = this.#state;
    handler.muted = state.phase === 'active' && state.muted;
    return handler;
  }

  #dispatch(event: CallEvent): void {
    const { store } = this.#parts;
    const call = callReducer(store.state.call, event);
    if (call !== store.state.call) store.set({ call });
  }

  #notice(notice: Notice): void {
    this.#parts.store.set({ notice });
  }
}
