import type { BreakerSettings, Clock, E164, LookupFact, LookupKind } from '../domain';
import { DEFAULT_BREAKER } from '../domain';
import type { KeptAnswer } from './answer-cache';
import { AnswerCache } from './answer-cache';
import type { ProviderStats } from './http-provider';
import { HttpProvider } from './http-provider';
import type { ProviderSettings } from './provider-settings';
import type { SharedAnswers } from './shared-answers';

export interface LookupSettings {
  /** Of one kind the first is asked, and the next when it has no answer. At most 32 in all. */
  readonly providers: readonly ProviderSettings[];
  /** Milliseconds all of one look-up may take. */
  readonly deadlineMs: number;
  /** Milliseconds an answer is good for. */
  readonly ttlMs: number;
  /** Answers kept in memory. */
  readonly maxCached: number;
  readonly breaker?: BreakerSettings;
}

export interface LookupOptions {
  /** UTC epoch milliseconds of the consent that is relied on; reassigned numbers are asked about by it. */
  readonly consentDate?: number | undefined;
  /** Milliseconds an answer may be old; `ttlMs` by default. */
  readonly maxAgeMs?: number | undefined;
  /** Milliseconds for all of it, less than the settings' own. */
  readonly deadlineMs?: number | undefined;
}

export interface LookupStats {
  readonly cached: number;
  readonly pending: number;
  readonly providers: readonly ProviderStats[];
}

const MAX_PROVIDERS = 32;
/** 9999-12-31: years of five digits are written in another way. */
const MAX_DATE = 253_402_300_800_000;
/** Stands for a kind that nobody is configured for. */
const NOBODY = 'none';

/**
 * Asks providers about a number, before a decision that itself waits for nobody. Answers come from
 * memory, from what other nodes asked, or from the provider; the same question is under way only once.
 */
export class LookupService {
  readonly #settings: LookupSettings;
  readonly #clock: Clock;
  readonly #shared: SharedAnswers | undefined;
  readonly #providers: readonly HttpProvider[];
  readonly #cache: AnswerCache;
  readonly #pending = new Map<string, Promise<KeptAnswer | undefined>>();

  /**
   * @param secrets - the environment, for the secrets that providers name
   * @param shared - what other nodes know; undefined = each node asks for itself
   * @throws RangeError for settings that cannot work
   */
  constructor(
    settings: LookupSettings,
    secrets: Readonly<Record<string, string | undefined>>,
    clock: Clock,
    shared?: SharedAnswers,
  ) {
    const names = settings.providers.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new RangeError(`two providers are called ${twice}`);
    if (names.length > MAX_PROVIDERS) throw new RangeError(`at most ${MAX_PROVIDERS} providers`);
    this.#settings = settings;
    this.#clock = clock;
    this.#shared = shared;
    this.#cache = new AnswerCache(settings.maxCached);
    this.#providers = settings.providers.map(
      (provider) =>
        new HttpProvider(provider, secrets, settings.breaker ?? DEFAULT_BREAKER, () => clock.monotonic()),
    );
  }

  get stats(): LookupStats {
    return {
      cached: this.#cache.size,
      pending: this.#pending.size,
      providers: this.#providers.map((provider) => provider.stats),
    };
  }

  /**
   * One fact for each kind, within the deadline. Never rejects: who does not answer is `unavailable`, and
   * what follows from that is for the campaign to say.
   */
  async lookup(
    kinds: readonly LookupKind[],
    number: E164,
    options: LookupOptions = {},
  ): Promise<LookupFact[]> {
    const startedAt = this.#clock.monotonic();
    const { maxAgeMs } = options;
    const consentDate = isDay(options.consentDate) ? options.consentDate : undefined;
    const deadline = startedAt + Math.min(options.deadlineMs ?? Infinity, this.#settings.deadlineMs);
    return Promise.all(
      [...new Set(kinds)].map((kind) =>
        this.#lookUp(kind, number, { consentDate, maxAgeMs }, startedAt, deadline),
      ),
    );
  }

  /** Ends connections; what is under way has no answer. */
  close(): void {
    for (const provider of this.#providers) provider.close();
  }

  async #lookUp(
    kind: LookupKind,
    number: E164,
    { consentDate, maxAgeMs }: LookupOptions,
    startedAt: number,
    deadline: number,
  ): Promise<LookupFact> {
    const askedAt = this.#clock.now();
    const since = askedAt - Math.min(maxAgeMs ?? Infinity, this.#settings.ttlMs);
    const fact = (provider: string, kept: KeptAnswer | undefined, cached: boolean): LookupFact => ({
      kind,
      provider,
      answer: kept?.answer ?? 'unavailable',
      ...(kept?.value === undefined ? {} : { value: kept.value }),
      at: kept?.at ?? askedAt,
      cached,
      latencyMs: Math.round(this.#clock.monotonic() - startedAt),
    });
    let asked = NOBODY;
    for (const provider of this.#providers) {
      if (provider.settings.kind !== kind) continue;
      asked = provider.settings.name;
      if (provider.needsConsent && consentDate === undefined) {
        return fact(asked, { answer: 'no_data', value: undefined, at: askedAt }, false);
      }
      const key = keyOf(provider, number, consentDate);
      const known =
        this.#cache.get(key, since) ?? (await within(this.#sharedAnswer(key, since), this.#left(deadline)));
      if (known) return fact(asked, known, true);
      const answer = await within(this.#ask(provider, key, number, consentDate), this.#left(deadline));
      if (answer || this.#left(deadline) <= 0) return fact(asked, answer, false);
    }
    return fact(asked, undefined, false);
  }

  #left(deadline: number): number {
    return Math.max(0, deadline - this.#clock.monotonic());
  }

  async #sharedAnswer(key: string, since: number): Promise<KeptAnswer | undefined> {
    const found = await this.#shared?.get(key);
    // Another node's clock may be ahead of ours: an answer is not from the future.
    if (!found || found.at < since) return undefined;
    const answer = { ...found, at: Math.min(found.at, this.#clock.now()) };
    this.#cache.put(key, answer);
    return answer;
  }

  /** An answer that comes too late for this call is there for the next. */
  #ask(
    provider: HttpProvider,
    key: string,
    number: E164,
    consentDate: number | undefined,
  ): Promise<KeptAnswer | undefined> {
    const under = this.#pending.get(key);
    if (under) return under;
    const question = provider.ask({ number, consentDate }).then((answer) => {
      this.#pending.delete(key);
      if (!answer.ok) return undefined;
      const kept = { answer: answer.answer, value: answer.value, at: this.#clock.now() };
      this.#cache.put(key, kept);
      this.#shared?.put(key, kept, this.#settings.ttlMs);
      return kept;
    });
    this.#pending.set(key, question);
    return question;
  }
}

/** A date that can be written: whatever somebody recorded as one must not keep a call waiting for an error. */
function isDay(instant: number | undefined): boolean {
  return instant !== undefined && instant >= 0 && instant < MAX_DATE;
}

/** A reassigned number is another question for each day of consent. */
function keyOf(provider: HttpProvider, number: E164, consentDate: number | undefined): string {
  const day =
    provider.needsConsent && consentDate !== undefined
      ? `/${new Date(consentDate).toISOString().slice(0, 10)}`
      : '';
  return `${provider.settings.name}/${number}${day}`;
}

/** Undefined when it takes longer. */
async function within<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
