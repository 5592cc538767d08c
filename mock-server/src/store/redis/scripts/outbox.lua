-- What scripts share that keep callbacks.
local function forget_callback(number)
  local length = call('HSTRLEN', T .. 'c', number) + call('HSTRLEN', T .. 'f', number)
  callback_bytes = callback_bytes - CALLBACK - length
  call('HDEL', T .. 'c', number)
  call('HDEL', T .. 'f', number)
  call('HDEL', T .. 'o', number)
  for _, name in ipairs({ 'a', 'x', 'w', 'y' }) do call('ZREM', T .. name, number) end
end

-- Beyond the bounds, the oldest callback that nobody waits for goes, or without one the oldest of all.
local function make_room_for_callbacks(most, most_bytes)
  while call('ZCARD', T .. 'a') > most or callback_bytes > most_bytes do
    local oldest = call('ZRANGE', T .. 'x', 0, 0)[1] or call('ZRANGE', T .. 'a', 0, 0)[1]
    if not oldest then return end
    forget_callback(oldest)
  end
end

-- Keeps a callback: with a due time it waits, without one it is settled.
local function put_callback(number, due, json, full, with_requests)
  call('HSET', T .. 'c', number, json)
  call('ZADD', T .. 'a', number, number)
  callback_bytes = callback_bytes + CALLBACK + #json + #full
  if full ~= '' then call('HSET', T .. 'f', number, full) end
  if due ~= '' then
    call('ZADD', T .. 'w', due, number)
    return
  end
  call('ZADD', T .. 'x', number, number)
  if full ~= '' and call('RPUSH', T .. 'X', number) > with_requests then
    local oldest = call('LPOP', T .. 'X')
    callback_bytes = callback_bytes - call('HSTRLEN', T .. 'f', oldest)
    call('HDEL', T .. 'f', oldest)
  end
end
