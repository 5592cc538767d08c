-- Takes the callbacks that are due. ARGV: the time by the mock's clock; how many; how many may be sent at once; who takes
-- them; for how many milliseconds.
-- Returns when the next one is due or nothing, how many could have been taken, how many are on their way to another merchant,
-- and number and JSON of each.
local now, most, at_once, owner = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local sending, first = call('ZCARD', T .. 'y'), call('ZRANGE', T .. 'w', 0, 0, 'WITHSCORES')[2]
-- Mostly nothing is due, and nobody has died.
if sending == 0 and not (first and tonumber(first) <= tonumber(now)) then
  return { first or '', 0, call('HLEN', T .. 't') }
end
local time = call('TIME')
local real = time[1] * 1000 + math.floor(time[2] / 1000)
local next_one = call('ZRANGEBYSCORE', T .. 'w', '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2] or ''
-- Those whose mock has died are taken over.
local due = call('ZRANGEBYSCORE', T .. 'y', '-inf', real)
local free = at_once - sending
if free > 0 then
  for _, number in ipairs(call('ZRANGEBYSCORE', T .. 'w', '-inf', now, 'LIMIT', 0, free)) do due[#due + 1] = number end
end
local answer = { next_one, #due, call('HLEN', T .. 't') }
for i = 1, math.min(#due, most) do
  local number = due[i]
  local json = call('HGET', T .. 'c', number)
  call('ZREM', T .. 'w', number)
  if json then
    call('ZADD', T .. 'y', text(real + ARGV[5]), number)
    call('HSET', T .. 'o', number, owner)
    answer[#answer + 1] = number
    answer[#answer + 1] = json
  else
    call('ZREM', T .. 'y', number)
  end
end
return answer
