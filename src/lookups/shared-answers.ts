import { CircuitBreaker } from '../domain';
import type { KeptAnswer } from './answer-cache';

/** What is needed of Redis. */
export interface RedisCommands {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, unit: 'PX', milliseconds: number): Promise<unknown>;
}

/** Answers that every node knows. */
export interface SharedAnswers {
  /** Undefined when there is none, or nobody can say in time. */
  get(key: string): Promise<KeptAnswer | undefined>;
  put(key: string, answer: KeptAnswer, ttlMs: number): void;
}

const PREFIX = 'dce:lookup:';
/** A call does not wait longer than this for what another node may know. */
const TIMEOUT_MS = 25;
/** A Redis that hangs is let alone for this long. */
const BREAKER = { requests: 5, failureRatio: 0.6, openMs: 5_000 };
const ANSWERS = new Set<unknown>(['listed', 'clear', 'no_data']);

/** Answers in Redis. What is away, slow or not ours is as if there was nothing; nothing here rejects. */
export class RedisAnswers implements SharedAnswers {
  readonly #redis: RedisCommands;
  readonly #hideKey: (key: string) => string;
  readonly #breaker: CircuitBreaker;

  /**
   * @param hideKey - keyed hash of a key: keys hold telephone numbers of persons
   * @param monotonic - milliseconds of a clock that never jumps
   */
  constructor(redis: RedisCommands, hideKey: (key: string) => string, monotonic: () => number) {
    this.#redis = redis;
    this.#hideKey = hideKey;
    this.#breaker = new CircuitBreaker(BREAKER, monotonic);
  }

  async get(key: string): Promise<KeptAnswer | undefined> {
    const pass = this.#breaker.enter();
    if (pass === undefined) return undefined;
    const text = await withTimeout(this.#redis.get(PREFIX + this.#hideKey(key)), TIMEOUT_MS);
    this.#breaker.leave(pass, text !== undefined);
    return typeof text === 'string' ? read(text) : undefined;
  }

  put(key: string, { answer, value, at }: KeptAnswer, ttlMs: number): void {
    if (this.#breaker.state === 'open') return;
    const text = JSON.stringify(value === undefined ? [answer, at] : [answer, at, value]);
    this.#redis
      .set(PREFIX + this.#hideKey(key), text, 'PX', Math.max(1, Math.round(ttlMs)))
      .catch(() => undefined);
  }
}

/** Undefined when it failed or took too long. */
async function withTimeout<T>(work: Promise<T>, withinMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), withinMs);
  });
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

function read(text: string): KeptAnswer | undefined {
  try {
    const [answer, at, value] = JSON.parse(text) as unknown[];
    if (!ANSWERS.has(answer) || !Number.isSafeInteger(at)) return undefined;
    if (value !== undefined && typeof value !== 'string') return undefined;
    return { answer: answer as KeptAnswer['answer'], at: at as number, value };
  } catch {
    return undefined;
  }
}
