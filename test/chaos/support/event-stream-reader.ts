interface Block {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

/** A program that reads the events of some topics as Server-Sent Events. */
export class EventStreamReader {
  readonly blocks: Block[] = [];
  /** True once the server has ended it. */
  ended = false;
  readonly #controller: AbortController;

  private constructor(controller: AbortController, body: AsyncIterable<Uint8Array>) {
    this.#controller = controller;
    void this.#read(body)
      .catch(() => undefined)
      .finally(() => (this.ended = true));
  }

  /** @throws Error when it is not let in */
  static async open(url: string, key: string, topics: readonly string[]): Promise<EventStreamReader> {
    const controller = new AbortController();
    const response = await fetch(`${url}/api/v1/events?topics=${topics.join()}`, {
      headers: { 'X-API-Key': key },
      signal: controller.signal,
    });
    if (!response.ok || !response.body) throw new Error(`${response.status} ${await response.text()}`);
    return new EventStreamReader(controller, response.body as unknown as AsyncIterable<Uint8Array>);
  }

  /** What was told by this name, in order. */
  of(event: string): Block[] {
    return this.blocks.filter((block) => block.event === event);
  }

  close(): void {
    this.#controller.abort();
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let pending = '';
    for await (const chunk of body) {
      pending += decoder.decode(chunk, { stream: true });
      const parts = pending.split('\n\n');
      pending = parts.pop() ?? '';
      for (const part of parts) {
        const field = (name: string): string | undefined =>
          new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1];
        const data = field('data');
        if (data !== undefined) this.blocks.push({ id: field('id'), event: field('event'), data });
      }
    }
  }
}
