import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** A way to a server that can be cut. */
export interface CutOff {
  readonly url: string;
  /** Breaks what is connected, and refuses whoever comes. */
  cut(): void;
  /** Lets nothing through any more, and tells nobody. */
  stall(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Puts itself between a client and the server of a URL, on a port of its own. */
export async function cutOff(to: string): Promise<CutOff> {
  const target = new URL(to);
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: 'open' | 'cut' | 'stalled' = 'open';
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (mode === 'cut') {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port || 5432), target.hostname);
    upstream.on('error', () => client.destroy());
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.on('close', () => {
      upstream.destroy();
      pairs.delete(pair);
    });
    upstream.on('close', () => client.destroy());
    client.on('data', (data) => mode === 'open' && upstream.write(data));
    upstream.on('data', (data) => mode === 'open' && client.write(data));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(to);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const breakAll = (): void => {
    for (const [client] of pairs) client.destroy();
  };
  return {
    url: url.href,
    cut: () => {
      mode = 'cut';
      breakAll();
    },
    stall: () => {
      mode = 'stalled';
    },
    mend: () => {
      // What was stalled has lost bytes.
      if (mode === 'stalled') breakAll();
      mode = 'open';
    },
    close: async () => {
      breakAll();
      await new Promise((closed) => server.close(closed));
    },
  };
}
