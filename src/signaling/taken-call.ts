import type { CapLimit, CapOutcome, Sale } from '../domain';
import { NEVER_CONNECTED } from '../domain';
import { connectedMilliseconds } from './call-figures';
import type { HeldFunds } from './ports';
import type { JoinedHold } from './ring-out';
import type { SessionServices } from './session-services';

/** What it comes to that a buyer takes a call: its sale, what is held for it, and how long they spoke. */
export class TakenCall {
  readonly #services: Pick<SessionServices, 'clock' | 'funds' | 'caps' | 'desk'>;
  readonly #callId: string;
  #sale: Sale | undefined;
  #held: HeldFunds | undefined;
  #reserved: readonly CapLimit[] = [];
  #answeredAt: number | undefined;
  #answeredMono = 0;
  /** Milliseconds of a conversation that is over while the caller is still there. */
  #spokenMs: number | undefined;

  constructor(services: Pick<SessionServices, 'clock' | 'funds' | 'caps' | 'desk'>, callId: string) {
    this.#services = services;
    this.#callId = callId;
  }

  /** Of a call that was answered. */
  get sale(): Sale | undefined {
    return this.#answeredAt === undefined ? undefined : this.#sale;
  }

  /** UTC epoch milliseconds. */
  get answeredAt(): number | undefined {
    return this.#answeredAt;
  }

  /** By the monotonic clock. */
  get answeredMono(): number {
    return this.#answeredMono;
  }

  /** The caller's answer is on its way. */
  sold(sale: Sale): void {
    this.#sale = sale;
  }

  /** Caller and buyer hear each other: from here on the buyer pays. */
  answered(hold: JoinedHold): void {
    const { clock, funds } = this.#services;
    this.keep(hold);
    if (hold.held) funds.answered(hold.held);
    this.#answeredMono = clock.monotonic();
    this.#answeredAt = clock.now();
  }

  /** Somebody has the call who does not pay for it. */
  keep({ held, reserved }: JoinedHold): void {
    this.#held = held;
    this.#reserved = reserved;
  }

  /** Milliseconds of conversation so far; 0 before the answer. */
  connectedMs(): number {
    return this.connectedUntil(this.#services.clock.monotonic(), undefined);
  }

  /** @param lastHeardMono - when audio was last heard, where that was before the end */
  connectedUntil(endedMono: number, lastHeardMono: number | undefined): number {
    if (this.#answeredAt === undefined) return 0;
    return this.#spokenMs ?? connectedMilliseconds(this.#answeredMono, endedMono, lastHeardMono);
  }

  /** The conversation is over, and so is what it costs, though the caller is still there. */
  spoken(): void {
    if (this.#answeredAt !== undefined) this.#spokenMs = this.connectedMs();
    void this.settle(this.#spokenMs ?? 0, []).catch(() => undefined);
  }

  /**
   * Gives back what is held, but for what the conversation took of it.
   * @param more - limits that end with these
   */
  async settle(connectedMs: number, more: readonly CapLimit[]): Promise<void> {
    const { funds, caps } = this.#services;
    if (this.#held) funds.ended(this.#held, connectedMs);
    this.#held = undefined;
    const reserved = more.length === 0 ? this.#reserved : [...this.#reserved, ...more];
    this.#reserved = [];
    if (reserved.length > 0) await caps.release(this.#callId, reserved, this.#outcome(connectedMs));
  }

  /** What became of the call, to those whose limits it counted for. */
  #outcome(connectedMs: number): CapOutcome {
    const { sale } = this;
    const charge = sale ? this.#services.desk.charge(sale, connectedMs) : NEVER_CONNECTED;
    return { ...charge, connected: this.#answeredAt !== undefined };
  }
}
