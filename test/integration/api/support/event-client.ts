import type { TestApi } from './test-api';

/** A client of the live events. */
export interface EventClient {
  readonly status: number;
  readonly headers: Headers;
  /** Blocks of the stream so far, comments too. */
  readonly blocks: string[];
  /** True once the server has ended it. */
  readonly ended: boolean;
  close(): void;
}

/** Opens the stream, or another one, and reads it as it comes. */
export async function watchCalls(
  api: TestApi,
  key: string = api.admin,
  path = '/api/v1/calls/events',
): Promise<EventClient> {
  const controller = new AbortController();
  const response = await fetch(api.url + path, {
    headers: { 'X-API-Key': key },
    signal: controller.signal,
  });
  const client = {
    status: response.status,
    headers: response.headers,
    blocks: [] as string[],
    ended: false,
    close: () => controller.abort(),
  };
  const read = async (): Promise<void> => {
    let pending = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      pending += decoder.decode(chunk, { stream: true });
      const blocks = pending.split('\n\n');
      pending = blocks.pop() ?? '';
      client.blocks.push(...blocks);
    }
  };
  void read().then(
    () => (client.ended = true),
    () => (client.ended = true),
  );
  return client;
}
