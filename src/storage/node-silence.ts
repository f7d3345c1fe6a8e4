/**
 * Condition on a row with `node_id` and `boot_id`, beside `nodes n` of its node: that node is gone. It came back
 * with another boot, or has died: no heartbeat for $1 milliseconds, when $2 says that silence counts.
 * See {@link NodeSilence.values}.
 * @param row - alias of the row
 */
export const nodeIsGone = (row: string): string =>
  `(n.id is null or n.boot_id <> ${row}.boot_id
    or ($2 and n.heartbeat_at < now() - $1 * interval '1 millisecond'))`;

/**
 * Whether the silence of nodes says anything. Nodes that could not reach the database could not tell that they
 * live: after it was away, they are given the time to do so before they are taken for dead.
 */
export class NodeSilence {
  readonly #deadAfterMs: number;
  readonly #monotonic: () => number;
  /** Since when the database has answered every look; undefined while it does not. */
  #answersSince: number | undefined;

  /**
   * @param deadAfterMs - milliseconds without a heartbeat after which a node is taken for dead
   * @param monotonic - milliseconds of a clock that never jumps
   */
  constructor(deadAfterMs: number, monotonic: () => number = () => performance.now()) {
    this.#deadAfterMs = deadAfterMs;
    this.#monotonic = monotonic;
  }

  /** $1 and $2 of {@link nodeIsGone}. */
  values(): [deadAfterMs: number, silenceCounts: boolean] {
    const silenceCounts =
      this.#answersSince !== undefined && this.#monotonic() - this.#answersSince >= this.#deadAfterMs;
    return [this.#deadAfterMs, silenceCounts];
  }

  /** The database has answered a look. */
  answered(): void {
    this.#answersSince ??= this.#monotonic();
  }

  /** It has not: the time begins anew. */
  unanswered(): void {
    this.#answersSince = undefined;
  }
}
