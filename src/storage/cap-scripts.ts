/**
 * The scripts that keep limits in Redis.
 *
 * `caps:c:<limit>` is a sorted set of the calls that hold a concurrent unit (member: call id, score: when
 * its lease ends, by the clock of Redis, so that nodes need not agree on the time); it vanishes when
 * nobody renews it. `caps:n:<limit>` counts units of a period or a total: `u` all that are used, `p`
 * those of them that may still be given back. `caps:s:<limit>` stands while a spacing lasts.
 * `caps:h:<call>` names the units a call holds, as `<counter>:<amount>` by key, so that taking or giving
 * back twice changes nothing; concurrent units are told apart by the call's id in the set itself.
 * `caps:epoch` names the run of Redis for which all of this is known to be true.
 */

/** A call is never up for longer than this, so nobody asks for its units any more. */
const HELD_MS = 86_400_000;
/** A call counts in the period in which it was decided, and the last buyer of its plan is rung within this time. */
const GRACE_MS = 7_200_000;

const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/** Nothing is counted by a Redis that has forgotten: an empty epoch does not ask. */
const SAME_EPOCH = (key: string, epoch: string): string => `
if ${epoch} ~= '' and redis.call('GET', ${key}) ~= ${epoch} then
  return redis.error_reply('CAPSEPOCH this Redis has forgotten what is used')
end`;

/** How the error begins by which a script tells that Redis has forgotten. */
export const EPOCH_ERROR = 'CAPSEPOCH';

/**
 * KEYS: epoch, `caps:h:<call>`, then a key for each limit. ARGV: call id, lease in milliseconds, epoch
 * (empty: takes without asking whether there is room), then for each limit its counter, its limit, the
 * amount and the end of its period. Returns 0, or the number of the first limit that is exhausted,
 * negative when nothing of it will be given back: then nothing was taken.
 */
export const RESERVE = `${NOW}
local call, lease, epoch = ARGV[1], tonumber(ARGV[2]), ARGV[3]
${SAME_EPOCH('KEYS[1]', 'epoch')}
local held = KEYS[2]
local n = #KEYS - 2
local has = {}
for i = 1, n do
  local key, counter = KEYS[i + 2], ARGV[4 * i]
  local limit, amount = tonumber(ARGV[4 * i + 1]), tonumber(ARGV[4 * i + 2])
  local room, lasting = true, false
  if counter == 'concurrent' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    has[i] = redis.call('ZSCORE', key, call)
    room = has[i] or redis.call('ZCARD', key) + amount <= limit
  else
    has[i] = redis.call('HEXISTS', held, key) == 1
    if has[i] then
      room = true
    elseif counter == 'spacing' then
      room = redis.call('EXISTS', key) == 0
    else
      local used = tonumber(redis.call('HGET', key, 'u') or '0')
      room = used + amount <= limit
      if not room then
        lasting = used - tonumber(redis.call('HGET', key, 'p') or '0') + amount > limit
      end
    end
  end
  if not room and epoch ~= '' then
    if lasting then return -i end
    return i
  end
end
for i = 1, n do
  local key, counter, amount = KEYS[i + 2], ARGV[4 * i], ARGV[4 * i + 2]
  if counter == 'concurrent' then
    redis.call('ZADD', key, now + lease, call)
    redis.call('PEXPIRE', key, 2 * lease)
  elseif not has[i] then
    redis.call('HSET', held, key, counter .. ':' .. amount)
    redis.call('PEXPIRE', held, ${HELD_MS})
    if counter == 'spacing' then
      redis.call('SET', key, call, 'PX', amount)
    else
      redis.call('HINCRBY', key, 'u', amount)
      if counter ~= 'attempts' then redis.call('HINCRBY', key, 'p', amount) end
      local reset = tonumber(ARGV[4 * i + 3])
      if reset > 0 then redis.call('PEXPIREAT', key, reset + ${GRACE_MS}) end
    end
  end
end
return 0`;

/**
 * KEYS: `caps:h:<call>`, then limits. ARGV: call id, `1` to undo (everything goes back, as if nothing had
 * been taken), then what became of the call: connected, converted (1 or 0), revenue in micro-units.
 * Units that the call does not hold are left alone.
 */
export const RELEASE = `
local call, undo = ARGV[1], ARGV[2] == '1'
local connected, converted, revenue = ARGV[3] == '1', ARGV[4] == '1', tonumber(ARGV[5])
local held = KEYS[1]
for i = 2, #KEYS do
  local key = KEYS[i]
  if string.sub(key, 1, 7) == 'caps:c:' then
    redis.call('ZREM', key, call)
  else
    local unit = redis.call('HGET', held, key)
    if unit then
      redis.call('HDEL', held, key)
      local counter, amount = string.match(unit, '^(%a+):(%d+)$')
      amount = tonumber(amount)
      if counter == 'spacing' then
        if undo then redis.call('DEL', key) end
      elseif redis.call('EXISTS', key) == 1 then
        local back = 0
        if undo or (counter == 'connections' and not connected) or (counter == 'conversions' and not converted) then
          back = amount
        elseif counter == 'revenue' then
          back = amount - revenue
        end
        if counter ~= 'attempts' then redis.call('HINCRBY', key, 'p', -amount) end
        if back ~= 0 then redis.call('HINCRBY', key, 'u', -back) end
      end
    end
  end
end
return 0`;

/**
 * KEYS: epoch, then concurrent limits. ARGV: lease in milliseconds, epoch (empty: does not ask), then
 * the call that holds each. A unit that has lapsed is there again: the call is up, whoever took its
 * place meanwhile. Returns how many had lapsed.
 */
export const RENEW = `${NOW}
local lease = tonumber(ARGV[1])
${SAME_EPOCH('KEYS[1]', 'ARGV[2]')}
local lapsed = 0
for i = 2, #KEYS do
  local ends = redis.call('ZSCORE', KEYS[i], ARGV[i + 1])
  if not ends or tonumber(ends) <= now then lapsed = lapsed + 1 end
  redis.call('ZADD', KEYS[i], now + lease, ARGV[i + 1])
  redis.call('PEXPIRE', KEYS[i], 2 * lease)
end
return lapsed`;

/** KEYS: counters. ARGV: for each the units that were used for good, and the end of its period. */
export const SPEND = `
for i, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, 'u', ARGV[2 * i - 1])
  local reset = tonumber(ARGV[2 * i])
  if reset > 0 then redis.call('PEXPIREAT', key, reset + ${GRACE_MS}) end
end
return 0`;

/**
 * KEYS: counters. ARGV: for each the units known from elsewhere to be used for good, and the end of its
 * period. A counter that knows of more keeps to that.
 */
export const RAISE = `
for i, key in ipairs(KEYS) do
  local used = tonumber(redis.call('HGET', key, 'u') or '0')
  local known = tonumber(ARGV[2 * i - 1]) + tonumber(redis.call('HGET', key, 'p') or '0')
  if known > used then redis.call('HINCRBY', key, 'u', known - used) end
  local reset = tonumber(ARGV[2 * i])
  if reset > 0 then redis.call('PEXPIREAT', key, reset + ${GRACE_MS}) end
end
return 0`;
