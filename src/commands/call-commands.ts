import type { Command } from 'commander';
import type { LoadedConfig } from '../config';
import type { TestCallStanding } from '../domain';
import { OPERATOR_ACCOUNT } from '../domain';
import type { Database } from '../storage';
import { issueApiKey, revokeApiKey } from '../storage';
import { recordCommand } from './command-record';
import { countUpTo } from './option-values';

export interface CallCommandParts {
  readonly withDatabase: (work: (database: Database, loaded: LoadedConfig) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  /** Who is at the terminal. */
  readonly user: () => string;
  readonly setExitCode: (code: number) => void;
  /**
   * Has something done when whoever waits wants it to end.
   * @returns forgets it
   */
  readonly onInterrupt: (stop: () => void) => () => void;
}

interface Options {
  readonly ring: number;
  readonly talk: number;
  readonly api?: string;
}

interface NumberOptions extends Options {
  readonly from?: string;
  readonly trunk?: string;
}

type Told = TestCallStanding & { readonly id: string };
type Ask = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Told>;

const MAX_S = 60;
const LOOK_MS = 500;
const ANSWER_MS = 10_000;
/** Longer than any test call lasts. */
const KEY_MS = 10 * 60_000;

/**
 * `dce call …`: has a running switch place a test call, and tells how it goes. It asks the API, as anybody does, with
 * a key that is good for this one call. Ends with 0 when somebody answered, with 1 otherwise.
 */
export function addCallCommands(program: Command, parts: CallCommandParts): void {
  const call = program.command('call').description('test calls: rung by a running switch, sold to nobody');
  const of = (name: string, description: string): Command =>
    call
      .command(name)
      .description(description)
      .option('--ring <seconds>', 'ring for so long in all', countUpTo(MAX_S), 30)
      .option('--talk <seconds>', 'hang up on whoever answers after so long', countUpTo(MAX_S), 10)
      .option('--api <url>', 'API of a switch; by default where api.host and api.port say');
  of('target <id>', 'ring a target').action((id: string, options: Options) =>
    place(parts, options, { to: { kind: 'target', id } }),
  );
  of('number <number>', 'ring whom a call to a number of the exchange would be offered to')
    .option('--from <number>', 'as if this one called; withheld by default')
    .option('--trunk <id>', 'as if it came over this trunk')
    .action((number: string, { from, trunk, ...options }: NumberOptions) => {
      const to = { kind: 'number', number, ...(trunk === undefined ? {} : { trunkId: trunk }) };
      return place(parts, options, { to, ...(from === undefined ? {} : { from }) });
    });
}

async function place(
  { withDatabase, say, user, setExitCode, onInterrupt }: CallCommandParts,
  { ring, talk, api }: Options,
  order: object,
): Promise<void> {
  await withDatabase(async (database, { config }) => {
    const { apiKey, key } = await issueApiKey(database, {
      ...{ accountId: OPERATOR_ACCOUNT, role: 'admin', name: 'dce call', scopes: ['calls:*'] },
      ...{ createdBy: `terminal:${user()}`, expiresAt: Date.now() + KEY_MS },
    });
    try {
      await recordCommand(database, user(), 'call', { subject: { kind: 'keys', id: apiKey.id } });
      const ask = asker(api ?? urlOf(config.api), key);
      const body = { ...order, ringSeconds: ring, talkSeconds: talk };
      const placed = await ask('POST', '/test-calls', body);
      say(placed.id);
      const at = `/test-calls/${placed.id}`;
      const forget = onInterrupt(() => void ask('POST', `${at}/hangup`, {}).catch(() => undefined));
      const over = await follow(placed, () => ask('GET', at), say).finally(forget);
      for (const line of summaryOf(over)) say(line);
      setExitCode(over.outcome === 'answered' ? 0 : 1);
    } finally {
      await revokeApiKey(database, apiKey.id);
    }
  });
}

/** Says each state once, until it is over. */
async function follow(placed: Told, look: () => Promise<Told>, say: (line: string) => void): Promise<Told> {
  for (let call = placed, said = ''; ; call = await look()) {
    if (call.state === 'ended') return call;
    if (call.state !== said) say(call.state);
    said = call.state;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function summaryOf({
  outcome,
  sipStatus,
  detail,
  attempts,
  audio,
  calledAt,
  ringingAt,
  answeredAt,
}: Told): string[] {
  const after = (at: number | null): string =>
    at === null || calledAt === null ? 'never' : `after ${at - calledAt} ms`;
  return [
    `${outcome ?? ''}${sipStatus === 0 ? '' : ` (${sipStatus})`}: ${detail}`,
    `rang ${after(ringingAt)}, answered ${after(answeredAt)}`,
    ...attempts.map(
      ({ targetId, outcome: came, sipStatus: status, durationMs }) =>
        `  ${targetId}  ${came} (${status})  ${durationMs} ms`,
    ),
    ...(audio === null
      ? []
      : [
          `audio ${audio.codec ?? 'none'}: ${audio.packetsReceived} packets heard, ${audio.packetsSent} sent` +
            (audio.mos === undefined ? '' : `, opinion score ${audio.mos}`),
        ]),
  ];
}

/** @throws Error in one line that says what to do */
function asker(base: string, key: string): Ask {
  return async (method, path, body) => {
    const response = await fetch(`${base.replace(/\/$/, '')}/api/v1${path}`, {
      method,
      headers: { 'X-API-Key': key, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch((error: unknown) => {
      throw new Error(`no switch answers at ${base}: say --api where one runs`, { cause: error });
    });
    const answer = (await response.json()) as Told & { readonly detail?: string; readonly code?: string };
    if (!response.ok) throw new Error(`${answer.code ?? response.status}: ${answer.detail ?? 'refused'}`);
    return answer;
  };
}

/** Where the API of this machine's switch listens. */
function urlOf({ host, port, tls }: LoadedConfig['config']['api']): string {
  const here = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const name = here.includes(':') ? `[${here}]` : here;
  return `${tls.certFile === undefined ? 'http' : 'https'}://${name}:${port}`;
}
