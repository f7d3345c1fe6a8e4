import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a buyer does with one request; see buyer-farm.cjs. */
export interface Step {
  readonly reply?: unknown;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly after?: number;
  readonly special?: 'silent' | 'reset' | 'half' | 'trickle' | 'huge' | 'crumbs' | 'redirect' | 'goaway';
  readonly to?: string;
}

export interface FarmBuyer {
  readonly name: string;
  readonly speaks: 'http' | 'https' | 'h2';
  readonly does?: readonly Step[];
  readonly special?: 'closed' | 'deaf';
  readonly keepAliveMs?: number;
}

export interface BuyerCounts {
  readonly requests: number;
  readonly connections: number;
  readonly open: number;
  readonly bodies: readonly {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }[];
}

export const FARM_CA = readFileSync(join(__dirname, 'cert.pem'), 'utf8');

/** Buyers in a process of their own. */
export class Farm {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (message: { result?: unknown; error?: string }) => void>();
  readonly #urls = new Map<string, string>();
  #number = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.once('exit', () => {
      for (const tell of this.#waiting.values()) tell({ error: 'the buyers are gone' });
      this.#waiting.clear();
    });
    child.on('message', (message: { number: number; result?: unknown; error?: string }) => {
      this.#waiting.get(message.number)?.(message);
      this.#waiting.delete(message.number);
    });
  }

  static async start(buyers: readonly FarmBuyer[]): Promise<Farm> {
    const child = fork(join(__dirname, 'buyer-farm.cjs'), { execArgv: [] });
    await new Promise((ready) => child.once('message', ready));
    const farm = new Farm(child);
    const specs = buyers.map((buyer) => ({ does: [{ special: 'silent' }], ...buyer }));
    const ports = (await farm.#tell('start', { specs })) as Record<string, number>;
    for (const { name, speaks } of buyers) {
      const scheme = speaks === 'http' ? 'http' : 'https';
      farm.#urls.set(name, `${scheme}://127.0.0.1:${ports[name]}/ping`);
    }
    return farm;
  }

  url(name: string): string {
    const url = this.#urls.get(name);
    if (url === undefined) throw new Error(`there is no buyer ${name}`);
    return url;
  }

  async counts(): Promise<Readonly<Record<string, BuyerCounts>>> {
    return (await this.#tell('counts', {})) as Record<string, BuyerCounts>;
  }

  async of(name: string): Promise<BuyerCounts> {
    const counts = (await this.counts())[name];
    if (!counts) throw new Error(`there is no buyer ${name}`);
    return counts;
  }

  async behave(name: string, ...does: Step[]): Promise<void> {
    await this.#tell('behave', { name, does });
  }

  async drop(name: string): Promise<void> {
    await this.#tell('drop', { name });
  }

  /** Stops the whole process without a word: its connections stay, and nothing answers any more. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #tell(command: string, content: object): Promise<unknown> {
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, ({ result, error }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
      this.#child.send({ number, command, ...content }, (error) => {
        if (error) reject(error);
      });
    });
  }
}
