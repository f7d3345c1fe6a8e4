/**
 * The three scripts that keep limits in Redis. `caps:c:<limit>` is a sorted set of the calls that hold
 * a concurrent unit (member: call id, score: when its lease ends, by the clock of Redis, so that nodes
 * need not agree on the time); it vanishes when nobody renews it. `caps:p:<limit>` counts a period.
 * `caps:h:<call>` names the period units a call holds, so that taking or giving back twice changes
 * nothing; concurrent units are told apart by the call's id in the set itself.
 */

/** A call is never up for longer than this, so nobody asks for its units any more. */
const HELD_MS = 86_400_000;

const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/**
 * KEYS: `caps:h:<call>`, then a key for each limit. ARGV: call id, lease in milliseconds, then for each
 * limit its kind, its limit and its reset instant. Returns 0, or the number of the first limit that is
 * exhausted: then nothing was taken.
 */
export const RESERVE = `${NOW}
local call, lease = ARGV[1], tonumber(ARGV[2])
local held = KEYS[1]
local n = #KEYS - 1
local has = {}
for i = 1, n do
  local key = KEYS[i + 1]
  local limit = tonumber(ARGV[3 * i + 1])
  local used
  if ARGV[3 * i] == 'concurrent' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    has[i] = redis.call('ZSCORE', key, call)
    used = has[i] or redis.call('ZCARD', key)
  else
    has[i] = redis.call('HEXISTS', held, key) == 1
    used = has[i] or tonumber(redis.call('GET', key) or '0')
  end
  if not has[i] and used >= limit then return i end
end
for i = 1, n do
  local key = KEYS[i + 1]
  local reset = tonumber(ARGV[3 * i + 2])
  if ARGV[3 * i] == 'concurrent' then
    redis.call('ZADD', key, now + lease, call)
    redis.call('PEXPIRE', key, 2 * lease)
  elseif redis.call('HSETNX', held, key, '1') == 1 then
    redis.call('INCR', key)
    if reset > 0 then redis.call('PEXPIREAT', key, reset) end
    redis.call('PEXPIRE', held, ${HELD_MS})
  end
end
return 0`;

/**
 * KEYS as above. ARGV: call id, then for each limit its kind, or `kept` for a period unit that a
 * connected call keeps for good. Units that the call does not hold are left alone.
 */
export const RELEASE = `
local call = ARGV[1]
local held = KEYS[1]
for i = 2, #KEYS do
  local key = KEYS[i]
  if ARGV[i] == 'concurrent' then
    redis.call('ZREM', key, call)
  elseif redis.call('HDEL', held, key) == 1 and ARGV[i] == 'period' and redis.call('EXISTS', key) == 1 then
    redis.call('DECR', key)
  end
end
return 0`;

/**
 * KEYS: of concurrent limits. ARGV: lease in milliseconds, then the call that holds each. A unit that
 * Redis forgot is there again: the call is up, whatever Redis remembers.
 */
export const RENEW = `${NOW}
local lease = tonumber(ARGV[1])
for i = 1, #KEYS do
  redis.call('ZADD', KEYS[i], now + lease, ARGV[i + 1])
  redis.call('PEXPIRE', KEYS[i], 2 * lease)
end
return 0`;
