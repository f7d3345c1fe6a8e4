/**
 * Common to all: KEYS are the agent's hash (key → JSON of a binding), the index (agent → when the first of
 * its bindings ends) and the set of agents that a node has bindings of. ARGV begins with now, agent, who
 * tells, the channel, the node.
 */
const HEAD = `
local now, agent, origin, channel, node = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local live, count, pruned = {}, 0, 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local ok, binding = pcall(cjson.decode, all[i + 1])
  if ok and type(binding) == 'table' and type(binding.flow) == 'table'
    and type(binding.expiresAt) == 'number' and binding.expiresAt > now then
    live[all[i]] = binding
    count = count + 1
  else
    redis.call('HDEL', KEYS[1], all[i])
    pruned = pruned + 1
  end
end
local function is(binding, callId, cseq, registeredAt)
  return binding ~= nil and binding.callId == callId and binding.cseq == tonumber(cseq)
    and binding.registeredAt == tonumber(registeredAt)
end
local function remove(key)
  if live[key] then
    redis.call('HDEL', KEYS[1], key)
    live[key] = nil
  end
end
local function put(key, json, expiresAt, nodeId)
  redis.call('HSET', KEYS[1], key, json)
  live[key] = { expiresAt = tonumber(expiresAt), nodeId = nodeId }
end
local function finish(changed)
  local first, last, ours = nil, 0, false
  for _, binding in pairs(live) do
    if first == nil or binding.expiresAt < first then first = binding.expiresAt end
    if binding.expiresAt > last then last = binding.expiresAt end
    if binding.nodeId == node then ours = true end
  end
  if first == nil then
    redis.call('ZREM', KEYS[2], agent)
  else
    redis.call('ZADD', KEYS[2], string.format('%.0f', first), agent)
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last - now + 60000))
  end
  if ours then
    redis.call('SADD', KEYS[3], agent)
    redis.call('PEXPIRE', KEYS[3], 172800000)
  else
    redis.call('SREM', KEYS[3], agent)
  end
  if changed then redis.call('PUBLISH', channel, origin .. ' ' .. agent) end
end
`;

/** … count and four words of each that is expected, count and keys to remove, count and what `put` takes of each to put. 1 when done. */
export const APPLY = `${HEAD}
local at = 6
local function word()
  at = at + 1
  return ARGV[at - 1]
end
local expected = tonumber(word())
local same = expected == count
for _ = 1, expected do
  local key, callId, cseq, registeredAt = word(), word(), word(), word()
  same = same and is(live[key], callId, cseq, registeredAt)
end
if same then
  for _ = 1, tonumber(word()) do remove(word()) end
  for _ = 1, tonumber(word()) do put(word(), word(), word(), word()) end
end
finish(same or pruned > 0)
return same and 1 or 0
`;

/** … key, Call-ID, CSeq and instant of one REGISTER, whose binding goes. */
export const DROP = `${HEAD}
local found = is(live[ARGV[6]], ARGV[7], ARGV[8], ARGV[9])
if found then remove(ARGV[6]) end
finish(found or pruned > 0)
return found and 1 or 0
`;

/** Lets go what is over; how many those were. */
export const SWEEP = `${HEAD}
finish(pruned > 0)
return pruned
`;

/**
 * … key, JSON, instant and end of each binding that the node has: nothing else is on connections of this node.
 * What its phones did elsewhere since counts for more. Gives what is there afterwards.
 */
export const SYNC = `${HEAD}
local changed = pruned > 0
local listed = {}
for i = 6, #ARGV, 4 do listed[ARGV[i]] = true end
for key, binding in pairs(live) do
  local connected = binding.flow.transport ~= 'udp'
  if binding.nodeId == node and not listed[key] and (connected or binding.origin == origin) then
    remove(key)
    changed = true
  end
end
for i = 6, #ARGV, 4 do
  local known = live[ARGV[i]]
  if known == nil or known.registeredAt < tonumber(ARGV[i + 2]) then
    put(ARGV[i], ARGV[i + 1], ARGV[i + 3], node)
    changed = true
  end
end
finish(changed)
return redis.call('HVALS', KEYS[1])
`;
