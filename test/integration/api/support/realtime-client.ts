import { WebSocket } from 'ws';

/** A client of socket.io that speaks the protocol itself, so that it can do what no library does. */
export interface RealtimeClient {
  /** What was told, in order: name and message. */
  readonly events: [name: string, message: unknown][];
  readonly socket: WebSocket;
  /** Why it was not let in. */
  refused: string | undefined;
  /** What it was told besides. */
  refusal: unknown;
  closed: boolean;
}

/** Connects with a token; resolves when it is in, or is not let in. */
export async function connectRealtime(
  url: string,
  token: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<RealtimeClient> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/?EIO=4&transport=websocket`, { headers });
  const client: RealtimeClient = {
    events: [],
    socket,
    refused: undefined,
    refusal: undefined,
    closed: false,
  };
  await new Promise<void>((resolve) => {
    socket.on('error', (error) => {
      client.refused = error.message;
      resolve();
    });
    socket.on('close', () => {
      client.closed = true;
      resolve();
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString('utf8');
      if (text.startsWith('0')) socket.send(`40${JSON.stringify({ token })}`);
      else if (text === '2') socket.send('3');
      else if (text.startsWith('42')) client.events.push(JSON.parse(text.slice(2)) as [string, unknown]);
      else if (text.startsWith('44')) {
        const { message, data } = JSON.parse(text.slice(2)) as { message: string; data?: unknown };
        client.refused = message;
        client.refusal = data;
        resolve();
      } else if (text.startsWith('40')) resolve();
    });
  });
  return client;
}
