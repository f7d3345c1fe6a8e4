import type { ApiClient } from './api/api-client';
import { ApiError } from './api/api-client';
import type { Me, Presence } from './api/api-types';
import { RealtimeFeed } from './api/realtime-feed';
import { listDevices, onDeviceChange } from './audio/devices';
import { Microphone } from './audio/microphone';
import { Sounds } from './audio/sounds';
import { Attention } from './browser/attention';
import { takeTab } from './browser/one-tab';
import type { Tab } from './browser/one-tab';
import { instanceId, keepSettings, keepToken, readSettings, readToken } from './browser/storage';
import { CallDesk } from './call-desk';
import { IDLE, isBusy, isTalking } from './core/call-machine';
import { retryDelayMs } from '../shared/retry-delay';
import { instantOf } from '../shared/format';
import { presenceOf, readPresences, readQueue, readQuality } from './core/news';
import { RecordingWatch } from './recording-watch';
import { PhoneLine } from './sip/phone-line';
import { INITIAL, Store } from './state';
import type { Panel, PhoneState, Settings, SignedOutWhy } from './state';
import { callTitle } from './texts';

/** The switch writes what became of a call a moment after its end. */
const SETTLE_MS = 1_500;
/** How long the end of a call that was not answered is told. */
const TOLD_MS = 8_000;

/** Whether the same request may be answered a little later. */
const isTemporary = (status: number) => status === 0 || status === 408 || status === 429 || status >= 500;

/** The phone of one page: it puts its parts together, and is what the components act on. */
export class Phone {
  readonly store = new Store();
  readonly desk: CallDesk;
  readonly sounds = new Sounds();
  readonly microphone = new Microphone();
  readonly #api: ApiClient;
  readonly #feed: RealtimeFeed;
  readonly #line: PhoneLine;
  readonly #attention = new Attention();
  #tab: Tab | undefined;
  #expired = false;
  #before: PhoneState = INITIAL;

  constructor(api: ApiClient, feedUrl: string) {
    this.#api = api;
    api.onUnauthorized = () => this.#unauthorized();
    this.#feed = new RealtimeFeed(feedUrl, (name, data) => this.#news(name, data));
    this.desk = new CallDesk({
      store: this.store,
      microphone: this.microphone,
      sounds: this.sounds,
      line: () => this.#line,
      card: (callId) => api.card(callId),
      watchRecording: (callId) => new RecordingWatch(api, this.store, callId),
    });
    this.#line = new PhoneLine({
      credentials: () => api.credentials(),
      instanceId: instanceId(),
      media: this.desk.media,
      onConnection: (connection) => {
        this.store.set({ connection });
        if (connection.phase === 'online') void this.refresh();
      },
      onInvitation: (invitation) => this.desk.take(invitation),
      onFlowLost: () => this.desk.flowLost(),
      onFlowRestored: () => void this.desk.flowRestored(),
    });
    this.store.set({ settings: readSettings() });
    this.store.subscribe((state) => this.#follow(state));
    this.microphone.onGone = () => void this.#microphoneGone();
    this.sounds.onAllowed = (soundAllowed) => this.store.set({ soundAllowed });
    onDeviceChange(() => void this.#devicesChanged());
    this.#applySettings();
  }

  /** Goes on with the session of this tab, or asks to sign in. */
  async start(): Promise<void> {
    this.#watchWindow();
    const token = readToken();
    if (token === undefined) return this.#showSignIn('fresh');
    this.#api.token = token;
    await this.#enter(false);
  }

  async signIn(username: string, password: string): Promise<void> {
    this.sounds.unlock();
    this.#showSignIn('fresh', { busy: true });
    try {
      const session = await this.#api.signIn(username.trim().toLowerCase(), password);
      this.#api.token = session.token;
      keepToken(session.token);
    } catch (error) {
      const status = error instanceof ApiError ? error.status : -1;
      this.#showSignIn('fresh', {
        failed:
          status === 401 || status === 400 || status === 422
            ? 'credentials'
            : status === 429
              ? 'locked'
              : status === 0
                ? 'no_answer'
                : 'other',
        retryAfterMs: error instanceof ApiError ? error.retryAfterMs : undefined,
      });
      return;
    }
    await this.#enter(false);
  }

  /** Not while somebody is on the line: that would be cut off. */
  async signOut(): Promise<void> {
    if (isTalking(this.store.state.call)) return this.store.set({ notice: { kind: 'in_call' } });
    await this.#api.signOut().catch(() => undefined);
    await this.#leave('signed_out');
  }

  /** Takes the phone over from another tab. */
  async useHere(): Promise<void> {
    this.sounds.unlock();
    await this.#enter(true);
  }

  async choose(status: 'available' | 'away'): Promise<boolean> {
    this.store.set({ choosing: status });
    try {
      this.#presence(await this.#api.choose(status));
      return true;
    } catch (error) {
      // Of a session that has ended another notice tells.
      if (!(error instanceof ApiError && error.status === 401))
        this.store.set({ notice: { kind: 'status_failed' } });
      return false;
    } finally {
      this.store.set({ choosing: undefined });
    }
  }

  /** The agent is ready for the next call. */
  async ready(): Promise<void> {
    const { call, presence } = this.store.state;
    if (call.phase === 'ended') this.desk.done();
    if (presence.state === 'wrap_up') await this.choose('available');
  }

  /** Says, once, how a call went: the one that has just ended, or an earlier one of the day. */
  async dispose(callId: string, code: string): Promise<void> {
    const isShown = () => {
      const { call } = this.store.state;
      return call.phase === 'ended' && call.callId === callId;
    };
    const tell = (told: string, state: 'saving' | 'saved' | 'failed') => {
      if (isShown()) this.desk.tell({ type: 'disposition', code: told, state });
    };
    tell(code, 'saving');
    try {
      await this.#api.disposition(callId, code);
      tell(code, 'saved');
      const calls = this.store.state.calls.map((entry) =>
        entry.callId === callId ? { ...entry, disposition: code } : entry,
      );
      this.store.set({ calls });
    } catch (error) {
      const refusal = error instanceof ApiError ? error : undefined;
      if (refusal?.code === 'disposition_told') await this.refresh();
      const told = this.store.state.calls.find((entry) => entry.callId === callId)?.disposition;
      if (told !== undefined) return tell(told, 'saved');
      tell(code, 'failed');
      if (!isShown() && refusal?.status !== 401) this.store.set({ notice: { kind: 'disposition_failed' } });
    }
  }

  async openTransfer(): Promise<void> {
    this.desk.openTransfer();
    const colleagues = await this.#api.colleagues().catch(() => undefined);
    if (colleagues === undefined) return;
    const presences = new Map(this.store.state.presences);
    for (const { kind, id, presence } of colleagues) {
      const state = presenceOf(presence);
      if (kind === 'agent' && state !== undefined && !presences.has(id)) presences.set(id, state);
    }
    this.store.set({ colleagues, presences });
  }

  /** The address of this phone, whose domain others share. */
  get uri(): string | undefined {
    return this.#line.uri;
  }

  show(panel: Panel): void {
    this.store.set({ panel: this.store.state.panel === panel ? 'none' : panel });
  }

  dismissNotice(): void {
    this.store.set({ notice: undefined });
  }

  async configure(change: Partial<Settings>): Promise<void> {
    const settings = { ...this.store.state.settings, ...change };
    this.store.set({ settings });
    keepSettings(settings);
    this.#applySettings();
    if (change.input !== undefined) await this.#useMicrophone();
  }

  async learnDevices(): Promise<void> {
    this.store.set({ devices: await listDevices() });
  }

  /** What the API knows: who I am, how my day went, whom I may ask. */
  async refresh(): Promise<void> {
    const token = this.#api.token;
    const [me, calls] = await Promise.all([
      this.#api.me().catch(() => undefined),
      this.#api.calls().catch(() => undefined),
    ]);
    if (token === undefined || token !== this.#api.token) return;
    if (me !== undefined) {
      this.store.set({ me });
      this.#presence(me.presence);
    }
    if (calls !== undefined) this.store.set({ calls });
  }

  async #enter(steal: boolean): Promise<void> {
    const token = this.#api.token;
    const me = await this.#whoAmI();
    if (me === undefined || token === undefined) return;
    const tab = this.#tab ?? (await takeTab(me.agent.id, steal, () => void this.#leave('taken_over')));
    if (typeof tab === 'string') {
      this.store.set({ screen: { name: 'other_tab', talking: tab === 'talking_elsewhere' } });
      return;
    }
    this.#tab = tab;
    this.#expired = false;
    // What is left of a call is for whoever had it.
    const call = this.store.state.me?.agent.id === me.agent.id ? this.store.state.call : IDLE;
    this.store.set({ screen: { name: 'phone' }, me, call });
    this.#presence(me.presence);
    this.sounds.prepare();
    this.#line.start();
    this.#feed.start(token);
    void this.learnDevices();
  }

  /** Asks until there is an answer: a token is good whether or not the exchange can be reached just now. */
  async #whoAmI(): Promise<Me | undefined> {
    const token = this.#api.token;
    for (let attempt = 1; ; attempt++) {
      try {
        const me = await this.#api.me();
        return token === this.#api.token ? me : undefined;
      } catch (error) {
        const status = error instanceof ApiError ? error.status : -1;
        // A refused token has shown the sign-in already.
        if (token !== this.#api.token || status === 401) return undefined;
        if (!isTemporary(status)) {
          this.#showSignIn('fresh', { failed: 'other' });
          return undefined;
        }
      }
      this.store.set({ screen: { name: 'starting', waiting: true } });
      const wait = retryDelayMs(attempt, Math.random());
      await new Promise((resolve) => window.setTimeout(resolve, wait));
      if (token !== this.#api.token) return undefined;
    }
  }

  async #leave(why: SignedOutWhy): Promise<void> {
    this.desk.leave();
    this.#feed.stop();
    this.#api.token = undefined;
    keepToken(undefined);
    this.#tab?.give();
    this.#tab = undefined;
    const { settings, devices, call, me } = this.store.state;
    // Whoever signs in again may still say how the last call went.
    const kept = why === 'expired' && call.phase === 'ended' ? { call, me } : {};
    this.store.set({ ...INITIAL, settings, devices, ...kept });
    this.#showSignIn(why);
    await this.#line.stop(why !== 'taken_over');
  }

  #showSignIn(
    why: SignedOutWhy,
    more: Partial<Extract<PhoneState['screen'], { name: 'sign_in' }>> = {},
  ): void {
    this.store.set({
      screen: { name: 'sign_in', why, busy: false, failed: undefined, retryAfterMs: undefined, ...more },
    });
  }

  /** The session is over. Who is in a call finishes it first. */
  #unauthorized(): void {
    if (this.#expired) return;
    if (isBusy(this.store.state.call)) {
      this.#expired = true;
      this.store.set({ notice: { kind: 'expires' } });
    } else void this.#leave('expired');
  }

  #presence(presence: Presence): void {
    this.store.set({
      presence: { state: presence.state, since: instantOf(presence.since) ?? Date.now() },
    });
  }

  #news(name: string, data: unknown): void {
    const { state } = this.store;
    if (name === 'presence' || name === 'presence.snapshot') {
      const news = readPresences(data);
      const isAll = name === 'presence.snapshot';
      const presences = new Map(isAll ? [] : state.presences);
      for (const entry of news) {
        presences.set(entry.agentId, entry.state);
        if (entry.agentId === state.me?.agent.id) this.#presence(entry);
      }
      // What was said of queues before the connection was lost may be long over.
      this.store.set(isAll ? { presences, queues: new Map() } : { presences });
    } else if (name === 'queue') {
      const queue = readQueue(data);
      if (queue !== undefined)
        this.store.set({ queues: new Map(state.queues).set(queue.teamId, queue.waiting) });
    } else if (name === 'quality') {
      const quality = readQuality(data);
      if (state.call.phase === 'active' && quality?.callId === state.call.callId)
        this.store.set({ legs: quality.legs });
    }
  }

  /** What follows from a change of the call, wherever it came from. */
  #follow(state: PhoneState): void {
    const before = this.#before.call.phase;
    const { call } = state;
    this.#before = state;
    if (call.phase === before) return;
    if (this.#tab !== undefined) this.#tab.talking = isTalking(call);
    if (call.phase === 'ringing') {
      this.sounds.startRinging();
      this.#attention.incoming(callTitle(call.card));
    } else {
      this.sounds.stopRinging();
      if (isTalking(call)) this.#attention.inCall();
      else this.#attention.quiet();
    }
    // Nothing may lie over a call that rings.
    if (call.phase === 'ringing' || (state.panel === 'keypad' && call.phase !== 'active'))
      this.store.set({ panel: 'none' });
    if (call.phase !== 'ended') return;
    if (call.answeredAt === undefined)
      window.setTimeout(() => {
        if (this.store.state.call === call) this.desk.done();
      }, TOLD_MS);
    window.setTimeout(() => void this.refresh(), SETTLE_MS);
    if (this.#expired) void this.#leave('expired');
  }

  #applySettings(): void {
    const { input, output, ring } = this.store.state.settings;
    this.microphone.deviceId = input;
    this.sounds.choose(output, ring);
  }

  async #devicesChanged(): Promise<void> {
    await this.learnDevices();
    this.#applySettings();
    const { devices, settings } = this.store.state;
    const { track, missing } = this.microphone;
    const isBack =
      track !== undefined &&
      track.getSettings().deviceId !== settings.input &&
      devices.inputs.some(({ id }) => id === settings.input);
    if (missing || isBack) await this.#useMicrophone();
  }

  /** Unplugged: whatever else there is speaks from here on. */
  async #microphoneGone(): Promise<void> {
    if (await this.#useMicrophone()) this.store.set({ notice: { kind: 'microphone_changed' } });
  }

  /** @returns whether what is spoken comes from another microphone now */
  async #useMicrophone(): Promise<boolean> {
    const opened = await this.microphone.reopen();
    if (opened === undefined) return false;
    this.store.set({ microphone: opened.ok ? 'ok' : opened.trouble });
    if (!opened.ok) {
      this.store.set({ notice: { kind: 'microphone_gone', trouble: opened.trouble } });
      return false;
    }
    await this.desk.microphoneChanged();
    if (this.store.state.notice?.kind === 'microphone_gone') this.dismissNotice();
    return true;
  }

  #watchWindow(): void {
    const kick = () => {
      this.#line.kick();
      this.#feed.kick();
    };
    window.addEventListener('online', kick);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) kick();
    });
    const { connection } = navigator as { connection?: EventTarget };
    connection?.addEventListener('change', kick);
    for (const gesture of ['pointerdown', 'keydown'])
      window.addEventListener(gesture, () => this.sounds.unlock(), { passive: true });
    window.addEventListener('beforeunload', (event) => {
      if (isTalking(this.store.state.call)) event.preventDefault();
    });
    window.addEventListener('pagehide', () => this.desk.leave());
    // A page that the browser had put by has lost its connections.
    window.addEventListener('pageshow', ({ persisted }) => {
      if (persisted) window.location.reload();
    });
  }
}
