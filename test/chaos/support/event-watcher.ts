import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';

interface Told {
  readonly id: string | null;
  readonly type: string;
  readonly subject: { readonly id: string };
  readonly data: Readonly<Record<string, unknown>>;
}

/** Somebody who watches as pages do: goes on behind the last event, and notes what it was told on the way. */
export class EventWatcher {
  readonly events: Told[] = [];
  /** Whether events of the node alone come; undefined before it was told. */
  degraded: boolean | undefined;
  gaps = 0;
  /** Times that the connection was lost. */
  lost = 0;
  board = 0;
  /** Where to go on. */
  position: string | undefined;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('event', (event: Told) => {
      this.events.push(event);
      this.position = event.id ?? this.position;
    });
    socket.on('gap', ({ to }: { to: string | null }) => {
      this.gaps++;
      this.position = to ?? undefined;
    });
    socket.on('status', ({ degraded }: { degraded: boolean }) => (this.degraded = degraded));
    socket.on('board', () => this.board++);
    socket.on('disconnect', () => this.lost++);
  }

  /** @throws Error when it is not let in, or may not watch that */
  static async open(
    url: string,
    token: string,
    topics: readonly string[],
    after?: string,
  ): Promise<EventWatcher> {
    const socket = io(url, { path: '/ws/v1', transports: ['websocket'], auth: { token }, forceNew: true });
    const watcher = new EventWatcher(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    const answer = (await socket.emitWithAck('subscribe', { topics, ...(after ? { after } : {}) })) as {
      ok: boolean;
      position?: string;
    };
    if (!answer.ok) throw new Error(JSON.stringify(answer));
    watcher.position ??= answer.position;
    return watcher;
  }

  /** Events of a type about something. */
  of(type: string, subject?: string): Told[] {
    return this.events.filter((one) => one.type === type && (subject ?? one.subject.id) === one.subject.id);
  }

  close(): void {
    this.#socket.disconnect();
  }
}
