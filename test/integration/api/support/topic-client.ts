import { until } from '../../../support/until';
import type { RealtimeClient } from './realtime-client';
import { connectRealtime } from './realtime-client';

/** What somebody is told of an event. */
export interface Told {
  readonly id: string | null;
  readonly topic: string;
  readonly type: string;
  readonly at: number;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly data: Readonly<Record<string, unknown>>;
}

/** A client of topics. */
export interface TopicClient extends RealtimeClient {
  /** Resolves with the acknowledgement. */
  ask(name: string, message: unknown): Promise<Record<string, unknown>>;
  /** Events it was told, in order. */
  told(): Told[];
  /** Other messages of a name. */
  messages(name: string): unknown[];
}

let acks = 0;

export async function connectTopics(
  url: string,
  token: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<TopicClient> {
  const client = await connectRealtime(url, token, headers);
  const answers = new Map<number, Record<string, unknown>>();
  client.socket.on('message', (data: Buffer) => {
    const [, id, rest] = /^43(\d+)(.*)$/s.exec(data.toString('utf8')) ?? [];
    if (id !== undefined) answers.set(Number(id), (JSON.parse(rest ?? '[]') as [Record<string, unknown>])[0]);
  });
  const messages = (name: string): unknown[] =>
    client.events.filter(([told]) => told === name).map(([, message]) => message);
  return Object.assign(client, {
    ask: async (name: string, message: unknown) => {
      const id = ++acks;
      client.socket.send(`42${id}${JSON.stringify([name, message])}`);
      await until('it is answered', () => answers.has(id) || client.closed);
      return answers.get(id) ?? {};
    },
    told: () => messages('event') as Told[],
    messages,
  });
}
