import autocannon from 'autocannon';

/** What is asked of a server, by whom, how long, and over how many connections at once. */
export interface Load {
  readonly url: string;
  readonly key: string;
  readonly method: 'GET' | 'POST';
  /** Asked for one after the other, over and over. */
  readonly paths: readonly string[];
  readonly body?: object;
  readonly connections: number;
  readonly seconds: number;
}

/** What became of it. */
export interface Loaded {
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not as they should be, and none. */
  readonly wrong: number;
}

/** Whoever asks is a process of its own: its time is nobody else's. */
process.on('message', (load: Load) => void run(load).then((loaded) => process.send?.(loaded)));
process.on('disconnect', () => process.exit());

async function run({ url, key, method, paths, body, connections, seconds }: Load): Promise<Loaded> {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    requests: paths.map((path) => ({ method, path, ...(body && { body: JSON.stringify(body) }) })),
  });
  const { requests, latency, non2xx, errors, timeouts, duration } = result;
  const answered = result['2xx'];
  return {
    answered,
    perSecond: answered / duration,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    wrong: non2xx + errors + timeouts + (requests.total === 0 ? 1 : 0),
  };
}
