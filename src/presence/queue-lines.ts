import type { Redis } from 'ioredis';
import type { Waiting } from './turns';

/** A place in a line, as its owner knows it. */
export interface Place extends Waiting {
  /** What the line is sorted by: microseconds, by the clock of the store that gave it. */
  readonly rank: number;
}

/** A new place has no rank yet. */
export type NewPlace = Omit<Place, 'rank'> & { readonly rank: number | undefined };

const PURGE = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
for _, call in ipairs(gone) do
  redis.call('ZREM', KEYS[1], call)
  redis.call('ZREM', KEYS[2], call)
  redis.call('HDEL', KEYS[3], call)
end
local function tell() redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. redis.call('ZCARD', KEYS[1])) end`;

/**
 * KEYS: line, leases, callers. ARGV: channel, team, call, caller, lease in milliseconds, how many may
 * wait, rank (0: the last). Returns the rank, 0 when the line is full. Who is in it already stays where
 * it is; who comes with a rank was in it, and the line has been forgotten.
 */
const JOIN = `${PURGE}
local call, rank = ARGV[3], tonumber(ARGV[7])
local has = redis.call('ZSCORE', KEYS[1], call)
if not has then
  if rank == 0 then
    if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then return '0' end
    rank = t[1] * 1000000 + t[2]
    local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
    if last and tonumber(last) >= rank then rank = tonumber(last) + 1 end
  end
  redis.call('ZADD', KEYS[1], string.format('%.0f', rank), call)
else
  rank = tonumber(has)
end
local before = redis.call('HGET', KEYS[3], call)
redis.call('HSET', KEYS[3], call, ARGV[4])
redis.call('ZADD', KEYS[2], now + ARGV[5], call)
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], 10 * ARGV[5]) end
if not has or before ~= ARGV[4] or #gone > 0 then tell() end
return string.format('%.0f', rank)`;

/** KEYS: line, leases, callers. ARGV: channel, team, call. */
const LEAVE = `${PURGE}
local left = redis.call('ZREM', KEYS[1], ARGV[3])
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('HDEL', KEYS[3], ARGV[3])
if left > 0 or #gone > 0 then tell() end
return left`;

/** KEYS: line, leases, callers. ARGV: channel, team. Returns call, rank and caller of each place. */
const LIST = `${PURGE}
if #gone > 0 then tell() end
local line = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local places = {}
for i = 1, #line, 2 do
  places[#places + 1] = line[i]
  places[#places + 1] = line[i + 1]
  places[#places + 1] = redis.call('HGET', KEYS[3], line[i]) or ''
end
return places`;

interface ScriptedRedis extends Redis {
  dceLineJoin(keys: number, ...args: (string | number)[]): Promise<string>;
  dceLineLeave(keys: number, ...args: (string | number)[]): Promise<number>;
  dceLineList(keys: number, ...args: (string | number)[]): Promise<string[]>;
}

/** The lines of callers of all teams, over all nodes, in Redis. Every method rejects when it is away. */
export class QueueLines {
  readonly #redis: ScriptedRedis;
  readonly #prefix: string;
  readonly #channel: string;
  readonly #leaseMs: number;

  /**
   * @param prefix - of every key
   * @param channel - on which it is told how many wait: a team's id and the number
   * @param leaseMs - milliseconds after which the places of a node that died lapse
   */
  constructor(redis: Redis, prefix: string, channel: string, leaseMs: number) {
    redis.defineCommand('dceLineJoin', { lua: JOIN });
    redis.defineCommand('dceLineLeave', { lua: LEAVE });
    redis.defineCommand('dceLineList', { lua: LIST });
    this.#redis = redis as ScriptedRedis;
    this.#prefix = prefix;
    this.#channel = channel;
    this.#leaseMs = leaseMs;
  }

  /**
   * Joins a line, or says that the place is still held and what its caller wants.
   * @returns its rank; undefined when the line is full
   */
  async join(teamId: string, place: NewPlace, maxLength: number): Promise<number | undefined> {
    const caller = JSON.stringify([place.skills, place.tried, place.wants ? 1 : 0]);
    const args = [place.callId, caller, this.#leaseMs, maxLength, place.rank ?? 0];
    const rank = Number(
      await this.#redis.dceLineJoin(3, ...this.#keys(teamId), this.#channel, teamId, ...args),
    );
    return rank === 0 ? undefined : rank;
  }

  async leave(teamId: string, callId: string): Promise<void> {
    await this.#redis.dceLineLeave(3, ...this.#keys(teamId), this.#channel, teamId, callId);
  }

  /** Everybody in the line, who came first first. */
  async list(teamId: string): Promise<Place[]> {
    const found = await this.#redis.dceLineList(3, ...this.#keys(teamId), this.#channel, teamId);
    const places: Place[] = [];
    for (let at = 0; at < found.length; at += 3) {
      places.push(placeOf(found[at] ?? '', Number(found[at + 1]), found[at + 2] ?? ''));
    }
    return places;
  }

  #keys(teamId: string): string[] {
    return ['line', 'leases', 'callers'].map((name) => `${this.#prefix}queue:${teamId}:${name}`);
  }
}

/** A caller that cannot be read keeps the place, and nobody else from theirs. */
function placeOf(callId: string, rank: number, caller: string): Place {
  try {
    const [skills, tried, wants] = JSON.parse(caller) as [string[], string[], number];
    return { callId, rank, skills, tried, wants: wants === 1 };
  } catch {
    return { callId, rank, skills: [], tried: [], wants: false };
  }
}
