import type { PrivateService } from './private-service';

export interface KeptServiceOptions {
  /** Called when it died, and each time that it could not be started again. */
  readonly onDown: (why: string) => void;
  /** Called when it is back. */
  readonly onBack: () => void;
  /** Milliseconds between looks at it, and the first wait before it is started again. */
  readonly watchMs?: number;
}

const WATCH_MS = 1_000;
const MAX_WAIT_MS = 30_000;

/**
 * A private service that is started again when it dies, at the same address: whoever is connected to it
 * finds it there. While it is away its users work in their fallback.
 */
export class KeptService implements PrivateService {
  readonly url: string;
  readonly #start: () => Promise<PrivateService>;
  readonly #options: KeptServiceOptions;
  #service: PrivateService;
  #timer: NodeJS.Timeout | undefined;
  #waitMs: number;
  #starting: Promise<void> | undefined;
  #stopped = false;

  private constructor(
    service: PrivateService,
    start: () => Promise<PrivateService>,
    options: KeptServiceOptions,
  ) {
    this.url = service.url;
    this.#service = service;
    this.#start = start;
    this.#options = options;
    this.#waitMs = options.watchMs ?? WATCH_MS;
    this.#look(this.#waitMs);
  }

  /** @throws what `start` throws: the first time has no second try */
  static async start(
    start: () => Promise<PrivateService>,
    options: KeptServiceOptions,
  ): Promise<KeptService> {
    return new KeptService(await start(), start, options);
  }

  isUp(): boolean {
    return this.#service.isUp();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#starting;
    await this.#service.stop();
  }

  leave(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#service.leave();
  }

  #look(inMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      if (this.isUp()) this.#look(this.#options.watchMs ?? WATCH_MS);
      else {
        this.#options.onDown('it died');
        this.#starting = this.#startAgain();
      }
    }, inMs);
    this.#timer.unref();
  }

  async #startAgain(): Promise<void> {
    try {
      const service = await this.#start();
      this.#service = service;
      if (service.url !== this.url) {
        // Its port went to somebody else meanwhile. Nobody would find it at another one.
        await service.stop();
        throw new Error('its port is taken by another program');
      }
      this.#waitMs = this.#options.watchMs ?? WATCH_MS;
      this.#options.onBack();
      this.#look(this.#waitMs);
    } catch (error) {
      this.#waitMs = Math.min(this.#waitMs * 2, MAX_WAIT_MS);
      this.#options.onDown(error instanceof Error ? error.message : String(error));
      if (!this.#stopped) {
        this.#timer = setTimeout(() => (this.#starting = this.#startAgain()), this.#waitMs);
        this.#timer.unref();
      }
    }
  }
}
