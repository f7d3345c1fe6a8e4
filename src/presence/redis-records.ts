import type { Redis } from 'ioredis';
import { nextLapse, UNKNOWN_AGENT } from './agent-record';
import { decodeRecord, encodeRecord } from './record-codec';
import type { Reading, RecordStore, StoredRecord, Swap } from './record-store';

/**
 * KEYS: states, last rung. ARGV: team (may be empty), then agents. Returns the time in milliseconds, the
 * states, and the team's last rung agent.
 */
const READ = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local texts = {}
for i = 2, #ARGV do texts[i - 1] = redis.call('HGET', KEYS[1], ARGV[i]) or '' end
return {now, texts, redis.call('HGET', KEYS[2], ARGV[1]) or ''}`;

/**
 * KEYS: states, lapses, last rung. ARGV: channel, how many at most, team (may be empty), then for each
 * agent its id, the state that it must be in, the new state and when that lapses. Returns who was changed.
 */
const SWAP = `
local most = tonumber(ARGV[2])
local done = {}
for i = 4, #ARGV, 4 do
  if #done >= most then break end
  local agent, text, lapses = ARGV[i], ARGV[i + 2], ARGV[i + 3]
  if (redis.call('HGET', KEYS[1], agent) or '') == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], agent, text)
    if lapses == '0' then
      redis.call('ZREM', KEYS[2], agent)
    else
      redis.call('ZADD', KEYS[2], lapses, agent)
    end
    redis.call('PUBLISH', ARGV[1], agent .. ' ' .. text)
    done[#done + 1] = agent
  end
end
if ARGV[3] ~= '' and #done > 0 then redis.call('HSET', KEYS[3], ARGV[3], done[#done]) end
return done`;

/** KEYS: lapses. ARGV: milliseconds ahead, how many at most. Returns of whom something lapses, the first first. */
const LAPSED = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now + ARGV[1], 'LIMIT', 0, ARGV[2])`;

interface ScriptedRedis extends Redis {
  dceAgentsRead(keys: number, ...args: (string | number)[]): Promise<[number, string[], string]>;
  dceAgentsSwap(keys: number, ...args: (string | number)[]): Promise<string[]>;
  dceAgentsLapsed(keys: number, ...args: (string | number)[]): Promise<string[]>;
}

/** Agents of one command: Redis does nothing else meanwhile. */
const BATCH = 500;

/** The states of all agents, which all nodes share. Every method rejects when Redis is away. */
export class RedisRecords implements RecordStore {
  readonly #redis: ScriptedRedis;
  readonly #states: string;
  readonly #lapses: string;
  readonly #lastRung: string;
  readonly #channel: string;

  /**
   * @param prefix - of every key
   * @param channel - on which changes are told
   */
  constructor(redis: Redis, prefix: string, channel: string) {
    redis.defineCommand('dceAgentsRead', { lua: READ });
    redis.defineCommand('dceAgentsSwap', { lua: SWAP });
    redis.defineCommand('dceAgentsLapsed', { lua: LAPSED });
    this.#redis = redis as ScriptedRedis;
    this.#states = `${prefix}agents`;
    this.#lapses = `${prefix}lapses`;
    this.#lastRung = `${prefix}last-rung`;
    this.#channel = channel;
  }

  async read(agentIds: readonly string[], teamId?: string): Promise<Reading> {
    const records = new Map<string, StoredRecord>();
    const parts = await Promise.all(
      batches(agentIds).map((ids) =>
        this.#redis.dceAgentsRead(2, this.#states, this.#lastRung, teamId ?? '', ...ids),
      ),
    );
    parts.flatMap(([, texts]) => texts).forEach((text, at) => records.set(agentIds[at] ?? '', stored(text)));
    const [first] = parts;
    return { now: first?.[0] ?? 0, records, lastRung: first?.[2] === '' ? undefined : first?.[2] };
  }

  async swap(swaps: readonly Swap[], most: number, teamId?: string): Promise<readonly string[]> {
    const done: string[] = [];
    for (const part of batches(swaps)) {
      const args = part.flatMap(({ agentId, expected, record }) => [
        ...[agentId, expected, encodeRecord(record), nextLapse(record)],
      ]);
      done.push(
        ...(await this.#redis.dceAgentsSwap(
          3,
          ...[this.#states, this.#lapses, this.#lastRung, this.#channel, most - done.length, teamId ?? ''],
          ...args,
        )),
      );
      if (done.length >= most) break;
    }
    return done;
  }

  /** Agents of whom something has lapsed, or will within so many milliseconds. */
  lapsing(aheadMs: number, most: number): Promise<string[]> {
    return this.#redis.dceAgentsLapsed(1, this.#lapses, aheadMs, most);
  }

  /** Every agent's state, as text. */
  async *all(): AsyncGenerator<readonly [agentId: string, text: string]> {
    let cursor = '0';
    do {
      const [next, found] = await this.#redis.hscan(this.#states, cursor, 'COUNT', BATCH);
      cursor = next;
      for (let at = 0; at < found.length; at += 2) yield [found[at] ?? '', found[at + 1] ?? ''];
    } while (cursor !== '0');
  }

  /** Leaves no trace of agents. */
  async remove(agentIds: readonly string[]): Promise<void> {
    if (agentIds.length === 0) return;
    for (const ids of batches(agentIds)) {
      await Promise.all([this.#redis.hdel(this.#states, ...ids), this.#redis.zrem(this.#lapses, ...ids)]);
    }
  }
}

/** What cannot be read counts as unknown, and is overwritten by the next change. */
function stored(text: string): StoredRecord {
  try {
    return text === '' ? { record: UNKNOWN_AGENT, text } : { record: decodeRecord(text), text };
  } catch {
    return { record: UNKNOWN_AGENT, text };
  }
}

/** At least one, by which also who asks for nobody learns the time. */
function batches<T>(items: readonly T[]): (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let from = 0; from === 0 || from < items.length; from += BATCH) {
    parts.push(items.slice(from, from + BATCH));
  }
  return parts;
}
