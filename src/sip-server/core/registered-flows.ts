import type { FlowChange } from '../options';
import type { Scheduler, Timer } from '../transaction';
import type { Flow } from '../transport';

/** A network that fails closes many connections at once: they are told of together. */
const GATHER_MS = 50;
const MAX_GATHERED = 500;

/** Connections by which phones registered: somebody else keeps who they are, and is to hear of their end. */
export class RegisteredFlows {
  readonly #tell: (changes: readonly FlowChange[]) => void;
  readonly #scheduler: Scheduler;
  readonly #known = new WeakSet<Flow>();
  #changes: FlowChange[] = [];
  #timer: Timer | undefined;
  #over = false;

  constructor(tell: (changes: readonly FlowChange[]) => void, scheduler: Scheduler) {
    this.#tell = tell;
    this.#scheduler = scheduler;
  }

  /** A REGISTER that came by it was granted. Only what the peer opened counts: datagrams have no end. */
  add(flow: Flow): void {
    if (flow.inbound !== true || this.#known.has(flow)) return;
    this.#known.add(flow);
    this.#note(flow, true);
    flow.onClosed?.(() => this.#note(flow, false));
  }

  /** What is not told yet, and what is still to come, is told no more. */
  close(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #note({ protocol, address, port }: Flow, open: boolean): void {
    if (this.#over) return;
    this.#changes.push({ transport: protocol, address, port, open });
    if (this.#changes.length >= MAX_GATHERED) this.#tellNow();
    else this.#timer ??= this.#scheduler.after(GATHER_MS, () => this.#tellNow());
  }

  #tellNow(): void {
    const changes = this.#changes;
    this.#changes = [];
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#tell(changes);
  }
}
