import type { LookupKind } from '../domain';

/**
 * A provider as the configuration describes it: where it is asked, with what, and how its answer is read.
 * Addresses come from there alone, never from a call or a request.
 */
export interface ProviderSettings {
  /** Of the traces and metrics. */
  readonly name: string;
  readonly kind: LookupKind;
  /**
   * HTTP or HTTPS; in its path and query `{number}` (E.164), `{digits}` (without the plus), `{national}`
   * (ten digits of a North American number), `{consentDate}` (YYYY-MM-DD), `{consentDay}` (YYYYMMDD).
   */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** Sent as JSON; the same words are replaced in its texts. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Variable of the environment that holds the secret; `{secret}` stands for it in url, body and headers. */
  readonly secretEnv?: string | undefined;
  /** Milliseconds it may take. */
  readonly timeoutMs: number;
  /** Requests under way at once; as many again may wait. */
  readonly maxConcurrent: number;
  /** Where the answer is, and what it means; a line type has none. */
  readonly answer?: AnswerReading | undefined;
  /** What else is read, e.g. the type of the line. */
  readonly value?:
    { readonly pointer: string; readonly values?: Readonly<Record<string, string>> | undefined } | undefined;
  /** What 404 means, where it is an answer. */
  readonly notFound?: 'clear' | 'no_data' | undefined;
}

/** Values are compared as texts: `true` is `"true"`, 1 is `"1"`. */
export interface AnswerReading {
  /** JSON Pointer (RFC 6901). */
  readonly pointer: string;
  readonly listed: readonly string[];
  readonly clear: readonly string[];
  readonly noData?: readonly string[] | undefined;
}
