import { createServer } from 'node:net';
import Mrf from 'drachtio-fsmrf';
import MediaServer from 'drachtio-fsmrf/lib/mediaserver';
import type Srf from 'drachtio-srf';
import { asError, inTime } from '../../domain';
import { MediaUnavailable } from '../media-engine';
import { Channel } from './channel';
import { EventSocket } from './event-socket';

/** Where a FreeSWITCH takes commands, and where it finds the switch. */
export interface FreeswitchAddress {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** Where the switch listens for its channels; any port by default. */
  readonly listenAddress: string;
  readonly listenPort?: number;
}

/** `draining`: it finishes the calls it has, and gets no more: `fsctl pause inbound`. */
export type ServerState = 'up' | 'draining' | 'down';

/** How a server is, and what came of what was asked of it since the switch began. */
export interface MediaServerFigures {
  readonly name: string;
  readonly state: ServerState;
  /** Legs on it, those of other switches too, and how many it takes, as it said last. None while it is down. */
  readonly legs: number;
  readonly maxLegs: number;
  /** How often its event socket was lost and found again. */
  readonly reconnects: number;
  /** Commands, and legs to be opened, that it did not answer in time. */
  readonly timeouts: number;
  /** Legs that it did not open, and the next server was asked for. */
  readonly failovers: number;
}

/** Who is told when a server is gone. */
export interface ServerPassenger {
  serverLost(reason: string): void;
}

export interface ServerOptions {
  readonly address: FreeswitchAddress;
  readonly srf: Srf;
  readonly timing: ServerTiming;
  /** The state is another one now. */
  onState(state: ServerState, why: string): void;
}

/** Milliseconds. */
export interface ServerTiming {
  /** Between two looks at a server that is up. */
  readonly checkMs: number;
  /** For each command, and for opening a channel. */
  readonly timeoutMs: number;
  /** Before the first attempt to reach it again; each further wait is longer by half, up to the longest. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
}

/** Of the SIP profile in freeswitch/sip_profiles. */
const PROFILE = 'drachtio_mrf';
/** As drachtio-fsmrf looks for it, which ends the process where it does not find it. */
const PROFILE_LINE = new RegExp(String.raw`^\s*${PROFILE}\s.*sip:mod_sofia@(?:\d{1,3}\.){3}\d{1,3}:\d+`, 'm');
const RETRY_GROWTH = 1.5;
/** Looks in a row that a server may miss. */
const MISSES = 2;

interface Connected {
  readonly socket: EventSocket;
  readonly media: MediaServer;
}

/** One FreeSWITCH of the pool: whether it is there, how much it does, and channels on it. */
export class PooledServer {
  readonly name: string;
  readonly passengers = new Set<ServerPassenger>();
  readonly #options: ServerOptions;
  /** Undefined before it was first looked for. */
  #state: ServerState | undefined;
  #connected: Connected | undefined;
  /** Which process it was when we saw it last. */
  #core: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs: number;
  /** Sessions at the last look, and channels of ours that were opened since, or are being opened. */
  #reported = 0;
  #opened = 0;
  #capacity = 1;
  #misses = 0;
  #connections = 0;
  #timeouts = 0;
  #failovers = 0;
  #closed = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.name = `${options.address.host}:${options.address.port}`;
    this.#retryMs = options.timing.retryMs;
  }

  get state(): ServerState {
    return this.#state ?? 'down';
  }

  get figures(): MediaServerFigures {
    return {
      name: this.name,
      state: this.state,
      legs: this.#reported + this.#opened,
      maxLegs: this.#capacity,
      reconnects: Math.max(0, this.#connections - 1),
      timeouts: this.#timeouts,
      failovers: this.#failovers,
    };
  }

  /** Share of its sessions in use, those of other switches too, as far as it is known. */
  get load(): number {
    return (this.#reported + this.#opened) / this.#capacity;
  }

  get full(): boolean {
    return this.#reported + this.#opened >= this.#capacity;
  }

  /** It did not open a leg, and another one is asked. */
  passedOver(): void {
    this.#failovers++;
  }

  /** Reaches it, and goes on trying. Resolves after the first attempt. */
  async start(): Promise<void> {
    await this.#connect();
  }

  /**
   * Opens a channel by an offer.
   * @throws MediaUnavailable when that fails
   */
  async open(sdp: string): Promise<Channel> {
    const media = this.#connected?.media;
    if (!media) throw new MediaUnavailable(`the media server ${this.name} is down`);
    const { timeoutMs } = this.#options.timing;
    this.#opened++;
    let late = false;
    const opening = media.createEndpoint({ remoteSdp: sdp }).then((endpoint) => {
      const channel = new Channel(endpoint, { timeoutMs, onTimeout: this.#onTimeout });
      if (late) channel.close();
      return channel;
    });
    try {
      return await inTime(opening, timeoutMs, () => {
        late = true;
        this.#onTimeout();
        return new Error('no channel in time');
      });
    } catch (error) {
      throw new MediaUnavailable(`the media server ${this.name}: ${asError(error).message}`, {
        cause: error,
      });
    }
  }

  /** Its channels are left to who has them. Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#disconnect();
  }

  async #connect(): Promise<void> {
    const { address, timing } = this.#options;
    let socket: EventSocket | undefined;
    try {
      const { timeoutMs } = timing;
      socket = await EventSocket.open({ ...address, timeoutMs, onTimeout: this.#onTimeout });
      await this.#recognize(socket);
      const media = await this.#listen(socket);
      if (this.#closed) {
        release({ socket, media });
        return;
      }
      this.#connected = { socket, media };
      this.#connections++;
      socket.onEnd((error) => this.#lost(error.message));
      this.#retryMs = timing.retryMs;
      this.#misses = 0;
      await this.#look(socket);
      this.#later(timing.checkMs, () => void this.#check());
    } catch (error) {
      socket?.close();
      if (!this.#closed) this.#lost(asError(error).message);
    }
  }

  /** What runs there, before the library relies on it. */
  async #recognize(socket: EventSocket): Promise<void> {
    const profiles = await socket.command('sofia status');
    if (!PROFILE_LINE.test(profiles)) throw new Error(`it has no SIP profile ${PROFILE}`);
    const core = await socket.command('global_getvar core_uuid');
    // Another process: the channels of the one before are gone, whether their connections said so or not.
    if (this.#core !== undefined && this.#core !== core) this.#tellLost('the media server was started again');
    this.#core = core;
  }

  /** Listens for channels. drachtio-fsmrf would end the process where it cannot. */
  async #listen(socket: EventSocket): Promise<MediaServer> {
    const { address, srf } = this.#options;
    const { listenAddress, listenPort = 0 } = address;
    await canListen(listenAddress, listenPort);
    const media = new MediaServer(
      socket.connection,
      new Mrf(srf),
      listenAddress,
      listenPort,
      undefined,
      undefined,
      PROFILE,
    );
    media.closing = true;
    media.once('connect', () => {
      // As for the event socket itself, and before anything is written.
      media._server?.server.prependListener('connection', (channel) => channel.setNoDelay(true));
    });
    // It tells a second after it began that it is not ready, to somebody or to the process.
    media.on('error', () => undefined);
    try {
      await new Promise<void>((resolve, reject) => {
        media.once('ready', resolve);
        media.once('error', reject);
        socket.onEnd(reject);
      });
    } catch (error) {
      media._server?.close();
      throw error;
    }
    return media;
  }

  async #look(socket: EventSocket): Promise<void> {
    const [status, paused] = await Promise.all([
      socket.command('status'),
      socket.command('fsctl pause_check inbound'),
    ]);
    this.#opened = 0;
    this.#reported = numberBefore(status, 'session(s) - peak') ?? 0;
    this.#capacity = Math.max(1, numberBefore(status, 'session(s) max') ?? 1);
    if (!status.includes('is ready')) throw new Error('it is not ready');
    if (paused === 'true') this.#become('draining', 'it is paused');
    else this.#become('up', 'it is ready');
  }

  async #check(): Promise<void> {
    const socket = this.#connected?.socket;
    if (!socket) return;
    try {
      await this.#look(socket);
      this.#misses = 0;
    } catch (error) {
      // The loss of the connection has been told by now.
      if (this.#connected?.socket !== socket) return;
      if (++this.#misses >= MISSES) {
        this.#lost(asError(error).message);
        return;
      }
    }
    this.#later(this.#options.timing.checkMs, () => void this.#check());
  }

  /** Calls go on: their channels have connections of their own, which say when they are gone. */
  #lost(reason: string): void {
    this.#disconnect();
    this.#reported = 0;
    this.#opened = 0;
    this.#become('down', reason);
    if (this.#closed) return;
    this.#later(this.#retryMs, () => void this.#connect());
    this.#retryMs = Math.min(this.#retryMs * RETRY_GROWTH, this.#options.timing.maxRetryMs);
  }

  #disconnect(): void {
    const connected = this.#connected;
    this.#connected = undefined;
    if (connected) release(connected);
  }

  readonly #onTimeout = (): void => {
    this.#timeouts++;
  };

  #become(state: ServerState, why: string): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state, why);
  }

  #tellLost(reason: string): void {
    for (const passenger of [...this.passengers]) passenger.serverLost(reason);
  }

  #later(ms: number, work: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(work, ms);
  }
}

/** New channels do not come any more; those that are there keep their connections. */
function release({ socket, media }: Connected): void {
  media._server?.close();
  socket.close();
}

/** @throws Error when that address is none of ours, or somebody listens there */
async function canListen(address: string, port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(port, address, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}

function numberBefore(text: string, words: string): number | undefined {
  const at = text.indexOf(words);
  const digits = at < 0 ? undefined : /(\d+) $/.exec(text.slice(0, at))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
