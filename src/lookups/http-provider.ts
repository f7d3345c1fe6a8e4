import type { ClientRequest, IncomingMessage } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import type { BreakerSettings, BreakerState } from '../domain';
import { CircuitBreaker } from '../domain';
import type { ProviderSettings } from './provider-settings';
import type { AnswerFailure, ProviderAnswer } from './read-answer';
import { ANSWER_FAILURES, checkReading, readAnswer } from './read-answer';
import type { LookupQuestion, LookupRequest } from './request-template';
import { RequestTemplate } from './request-template';
import { Slots } from './slots';

/** How a provider is doing. */
export interface ProviderStats {
  readonly name: string;
  readonly circuit: BreakerState;
  /** Requests under way. */
  readonly pending: number;
  readonly answers: number;
  readonly failures: Readonly<Record<AnswerFailure, number>>;
}

const MAX_BYTES = 65_536;

/**
 * One provider behind HTTP: connections are kept, so many requests run at once, none longer than its
 * time, and none at all while its circuit is open. Redirects are not followed.
 */
export class HttpProvider {
  readonly settings: ProviderSettings;
  readonly #template: RequestTemplate;
  readonly #agent: http.Agent;
  readonly #breaker: CircuitBreaker;
  readonly #slots: Slots;
  readonly #monotonic: () => number;
  #answers = 0;
  readonly #failures = Object.fromEntries(ANSWER_FAILURES.map((why) => [why, 0])) as Record<
    AnswerFailure,
    number
  >;

  /**
   * @param secrets - the environment, for the secrets that settings name
   * @throws RangeError for settings that cannot work, a missing secret among them
   */
  constructor(
    settings: ProviderSettings,
    secrets: Readonly<Record<string, string | undefined>>,
    breaker: BreakerSettings,
    monotonic: () => number,
  ) {
    checkReading(settings);
    this.settings = settings;
    const { secretEnv } = settings;
    const secret = secretEnv === undefined ? undefined : secrets[secretEnv];
    this.#template = new RequestTemplate(settings, secret === '' ? undefined : secret);
    this.#monotonic = monotonic;
    this.#breaker = new CircuitBreaker(breaker, monotonic);
    this.#slots = new Slots(settings.maxConcurrent);
    const options = { keepAlive: true, maxSockets: settings.maxConcurrent, maxFreeSockets: 16 };
    this.#agent =
      this.#template.origin.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  }

  /** The question must name a consent. */
  get needsConsent(): boolean {
    return this.#template.needsConsent;
  }

  get stats(): ProviderStats {
    return {
      name: this.settings.name,
      circuit: this.#breaker.state,
      pending: this.#slots.taken,
      answers: this.#answers,
      failures: { ...this.#failures },
    };
  }

  /** Asks; resolves within the provider's time, and never rejects. */
  async ask(question: LookupQuestion): Promise<ProviderAnswer> {
    const answer = await this.#ask(question);
    if (answer.ok) this.#answers++;
    else this.#failures[answer.why]++;
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(question: LookupQuestion): Promise<ProviderAnswer> {
    const deadline = this.#monotonic() + this.settings.timeoutMs;
    if (this.#breaker.state === 'open') return { ok: false, why: 'circuit_open' };
    // What waits here is no fault of the provider's, and does not count as one.
    if (!(await this.#slots.take(this.settings.timeoutMs))) return { ok: false, why: 'too_many' };
    try {
      const left = deadline - this.#monotonic();
      if (left <= 0) return { ok: false, why: 'too_many' };
      const pass = this.#breaker.enter();
      if (pass === undefined) return { ok: false, why: 'circuit_open' };
      const answer = await this.#send(this.#template.write(question), deadline);
      this.#breaker.leave(pass, answer.ok);
      return answer;
    } finally {
      this.#slots.give();
    }
  }

  #send(wanted: LookupRequest, deadline: number): Promise<ProviderAnswer> {
    return new Promise((resolve) => {
      let request: ClientRequest | undefined;
      const timer = setTimeout(
        () => end({ ok: false, why: 'timeout' }),
        Math.max(0, deadline - this.#monotonic()),
      );
      let over = false;
      const end = (answer: ProviderAnswer): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        // An answer that was read whole has given its connection back already.
        if (!answer.ok) request?.destroy();
        resolve(answer);
      };
      const send = (again: boolean): void => {
        let sent: ClientRequest;
        try {
          sent = this.#request(wanted);
        } catch {
          // What Node itself will not send is no answer either.
          end({ ok: false, why: 'connection' });
          return;
        }
        request = sent;
        sent.on('error', (error: NodeJS.ErrnoException) => {
          // The provider closed a kept connection just as it was used: nothing was answered, nothing is lost.
          if (!over && !again && sent.reusedSocket && error.code === 'ECONNRESET') send(true);
          else end({ ok: false, why: 'connection' });
        });
        sent.on('response', (response) => this.#read(response, end));
        sent.end(wanted.body);
      };
      send(false);
    });
  }

  #request({ path, body }: LookupRequest): ClientRequest {
    const { protocol, hostname, port } = this.#template.origin;
    return (protocol === 'https:' ? https : http).request({
      agent: this.#agent,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      path,
      method: this.settings.method,
      headers: {
        ...this.#template.headers,
        ...(body === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
      },
    });
  }

  #read(response: IncomingMessage, end: (answer: ProviderAnswer) => void): void {
    const { statusCode: status = 0 } = response;
    const { notFound } = this.settings;
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('error', () => end({ ok: false, why: 'connection' }));
    response.on('aborted', () => end({ ok: false, why: 'connection' }));
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) end({ ok: false, why: 'too_large' });
      else chunks.push(chunk);
    });
    response.on('end', () => {
      if (status === 404 && notFound) end({ ok: true, answer: notFound, value: undefined });
      else if (status < 200 || status > 299) end({ ok: false, why: 'status' });
      else end(readAnswer(this.settings, Buffer.concat(chunks).toString('utf8')));
    });
  }
}
