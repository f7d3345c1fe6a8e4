import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** How many failures are free, and how the pauses after them grow. */
interface PauseRule {
  readonly free: number;
  readonly mostMs: number;
}

/**
 * A person forgets; a machine guesses. Counted are the failures of a user from one place; and, where that
 * user has never signed in, those of the user from all such places, and those of the place, which may be a
 * whole office. So nobody is locked out of where they work by what strangers, or colleagues, do.
 */
const RULES: readonly PauseRule[] = [
  { free: 5, mostMs: 300_000 },
  { free: 20, mostMs: 300_000 },
  { free: 30, mostMs: 900_000 },
];
/** What a sign-in that was right takes off each of them, of which 1 is its own. */
const TAKEN_OFF = [Infinity, 1, 2] as const;
const FIRST_PAUSE_MS = 1_000;
/** Without a try for so long, failures are forgotten. */
const FORGOTTEN_MS = 3_600_000;
/** Places where a user signed in are known for so long, the last of them. */
const KNOWN_MS = 90 * 86_400_000;
const MAX_KNOWN = 20;
const MAX_LOCAL = 10_000;

/** Who tries to sign in, and from where. */
export interface SignInTry {
  readonly username: string;
  readonly address: string;
}

/** A try that was counted before its password is looked at. */
export interface SignInTurn {
  /** Milliseconds to wait before the next try; 0 when this one may be made. */
  readonly waitMs: number;
  /** The password was right. Never rejects. */
  right(): Promise<void>;
  /** The password could not be looked at: the try was none. Never rejects. */
  giveBack(): Promise<void>;
}

/**
 * Counts a try. KEYS: user, known places of the user, place. ARGV: name of the place, first pause, when it is
 * forgotten, then free and longest pause of each count. Gives the milliseconds that are left of a pause, or 0
 * and the ends of the pauses that this try began ('' for none) of each count that it is in.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counts = {{KEYS[1], ARGV[1] .. ':'}, {KEYS[1], ':'}, {KEYS[3], ':'}}
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then counts = {counts[1]} end
local left = 0
for _, count in ipairs(counts) do
  local ends = tonumber(redis.call('HGET', count[1], count[2] .. 'until') or '0')
  if ends - now > left then left = ends - now end
end
if left > 0 then return {left} end
local turn = {0}
for i, count in ipairs(counts) do
  local over = redis.call('HINCRBY', count[1], count[2] .. 'n', 1) - tonumber(ARGV[2 * i + 2])
  local ends = ''
  if over >= 0 then
    local pause = math.min(tonumber(ARGV[2]) * 2 ^ math.min(over, 30), tonumber(ARGV[2 * i + 3]))
    ends = string.format('%.0f', now + pause)
    redis.call('HSET', count[1], count[2] .. 'until', ends)
  end
  redis.call('PEXPIRE', count[1], ARGV[3])
  turn[i + 1] = ends
end
return turn`;

/**
 * Takes a try back, with the pauses that it began itself. KEYS as above. ARGV: name of the place, how long it
 * is known from now on (0: it is not), how many are known, then what is taken off each count that the try is
 * in, and the end of its pause.
 */
const UNDO = `
local counts = {{KEYS[1], ARGV[1] .. ':'}, {KEYS[1], ':'}, {KEYS[3], ':'}}
for i, count in ipairs(counts) do
  local off = ARGV[2 * i + 2]
  if off and redis.call('EXISTS', count[1]) == 1 then
    local n = tonumber(redis.call('HGET', count[1], count[2] .. 'n') or '0')
    redis.call('HSET', count[1], count[2] .. 'n', math.max(n - tonumber(off), 0))
    local ends = ARGV[2 * i + 3]
    if ends ~= '' and redis.call('HGET', count[1], count[2] .. 'until') == ends then
      redis.call('HDEL', count[1], count[2] .. 'until')
    end
  end
end
if tonumber(ARGV[2]) > 0 then
  redis.call('ZADD', KEYS[2], redis.call('TIME')[1], ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - tonumber(ARGV[3]))
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 0`;

/**
 * Lets nobody guess passwords: after some failures each further try waits twice as long as the one before.
 * Counted in Redis for all nodes; by this node alone while Redis is away. It knows names by their hashes, and
 * treats those that there are not as the others.
 */
export class SignInLockout {
  readonly #redis: Redis;
  readonly #now: () => number;
  readonly #local = new Map<string, { n: number; until: number }>();

  /** @param now - monotonic milliseconds */
  constructor(redis: Redis, now: () => number) {
    this.#redis = redis;
    this.#now = now;
  }

  /** Counts a try, so that many at once are not more than one after another. */
  async take(attempt: SignInTry): Promise<SignInTurn> {
    const [place, ...keys] = keysOf(attempt);
    try {
      const rules = RULES.flatMap(({ free, mostMs }) => [free, mostMs]);
      const taken = await this.#redis.eval(TAKE, 3, ...keys, place, FIRST_PAUSE_MS, FORGOTTEN_MS, ...rules);
      const [waitMs = 0, ...ends] = taken as [number, ...string[]];
      const undo = async (takenOff: readonly number[], knownMs: number): Promise<void> => {
        const offs = ends.flatMap((end, index) => [takenOff[index] ?? 1, end]);
        await this.#redis.eval(UNDO, 3, ...keys, place, knownMs, MAX_KNOWN, ...offs).catch(() => undefined);
      };
      return {
        waitMs,
        right: () => undo([Number.MAX_SAFE_INTEGER, ...TAKEN_OFF.slice(1)], KNOWN_MS),
        giveBack: () => undo([], 0),
      };
    } catch {
      return this.#takeLocally(attempt);
    }
  }

  /** What was counted of a user is forgotten, and where the user signed in. Never rejects. */
  async forget(username: string): Promise<void> {
    const [, user, known] = keysOf({ username, address: '' });
    for (const key of [...this.#local.keys()]) if (key.startsWith(user)) this.#local.delete(key);
    await this.#redis.del(user, known).catch(() => undefined);
  }

  /** Places are not known here: a node alone holds strangers up, and who signs in there as well. */
  #takeLocally(attempt: SignInTry): SignInTurn {
    const now = this.#now();
    const [place, user, , address] = keysOf(attempt);
    const keys = [`${user}:${place}`, user, address];
    const waitMs = Math.ceil(Math.max(0, ...keys.map((key) => (this.#local.get(key)?.until ?? 0) - now)));
    const ends = waitMs > 0 ? [] : keys.map((key, index) => this.#count(key, RULES[index], now));
    const undo = (takenOff: readonly number[]): Promise<void> => {
      for (const [index, end] of ends.entries()) {
        const counted = this.#local.get(keys[index] ?? '');
        if (!counted) continue;
        counted.n = Math.max(counted.n - (takenOff[index] ?? 1), 0);
        if (counted.until === end) counted.until = 0;
      }
      return Promise.resolve();
    };
    return { waitMs, right: () => undo(TAKEN_OFF), giveBack: () => undo([]) };
  }

  /** @returns the end of the pause that begins now; undefined when none does */
  #count(key: string, { free, mostMs }: PauseRule = RULES[0] as PauseRule, now: number): number | undefined {
    const counted = this.#local.get(key) ?? { n: 0, until: 0 };
    counted.n++;
    const over = counted.n - free;
    const end = over < 0 ? undefined : now + Math.min(FIRST_PAUSE_MS * 2 ** Math.min(over, 30), mostMs);
    counted.until = end ?? counted.until;
    this.#local.delete(key);
    if (this.#local.size >= MAX_LOCAL) {
      const [oldest] = this.#local.keys();
      if (oldest !== undefined) this.#local.delete(oldest);
    }
    this.#local.set(key, counted);
    return end;
  }
}

function keysOf({
  username,
  address,
}: SignInTry): [place: string, user: string, known: string, from: string] {
  const place = hashOf(address);
  const user = hashOf(username);
  const prefix = 'phone:signin';
  return [place, `${prefix}:user:${user}`, `${prefix}:known:${user}`, `${prefix}:address:${place}`];
}

function hashOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url').slice(0, 22);
}
