/** One request to a peer. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for none. */
  readonly body: string;
}

/** What became of a request. */
export type HttpResult =
  | { readonly ok: true; readonly status: number; readonly body: Buffer }
  | {
      readonly ok: false;
      /**
       * `refused`: the address or scheme is not allowed. `busy`: too many requests are under way to that
       * peer. `unreachable`: no connection. `broken`: the connection or the reply broke. `too_large`: the
       * reply is longer than is read. `aborted`: taken back.
       */
      readonly why: 'refused' | 'busy' | 'unreachable' | 'broken' | 'too_large' | 'aborted';
      readonly detail: string;
    };

/** A request under way: told of its end exactly once, whichever of many ends comes first. */
export class Exchange {
  readonly request: HttpRequest;
  #onDone: ((result: HttpResult) => void) | undefined;
  #cancel: (() => void) | undefined;

  constructor(request: HttpRequest, onDone: (result: HttpResult) => void) {
    this.request = request;
    this.#onDone = onDone;
  }

  get over(): boolean {
    return this.#onDone === undefined;
  }

  /** How to stop what is under way for it now; the latest that is given counts. */
  cancelBy(cancel: (() => void) | undefined): void {
    this.#cancel = cancel;
  }

  /** The end. Later ends are passed over. */
  settle(result: HttpResult): void {
    const onDone = this.#onDone;
    if (!onDone) return;
    this.#onDone = undefined;
    this.#cancel = undefined;
    onDone(result);
  }

  fail(why: Extract<HttpResult, { ok: false }>['why'], detail: string): void {
    this.settle({ ok: false, why, detail });
  }

  /** Takes the request back: what is under way for it ends. */
  abort(): void {
    if (this.over) return;
    const cancel = this.#cancel;
    this.#cancel = undefined;
    cancel?.();
    this.fail('aborted', 'taken back');
  }
}
