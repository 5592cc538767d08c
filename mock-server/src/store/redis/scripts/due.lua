-- Takes the reminders that are due. ARGV: the time by the mock's clock; how many; for how many milliseconds no other mock takes
-- them. Returns when the next one is due or nothing, how many more could be taken, and each with when it is due.
local now, most = ARGV[1], tonumber(ARGV[2])
local more = call('ZCOUNT', T .. 'r', '-inf', now)
local next_one = call('ZRANGEBYSCORE', T .. 'r', '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2] or ''
local answer = { next_one, 0 }
-- Mostly nothing is due.
if more == 0 then return answer end
local time = call('TIME')
local real = time[1] * 1000 + math.floor(time[2] / 1000)
-- Those whose mock has died are taken over.
call('ZREMRANGEBYSCORE', T .. 'p', '-inf', real)
-- Among so many, there are as many as wanted that nobody has.
local enough = most + call('ZCARD', T .. 'p')
local due = call('ZRANGEBYSCORE', T .. 'r', '-inf', now, 'WITHSCORES', 'LIMIT', 0, enough)
for i = 1, #due, 2 do
  if call('ZSCORE', T .. 'p', due[i]) then
    more = more - 1
  elseif #answer < 2 + 2 * most then
    call('ZADD', T .. 'p', text(real + ARGV[3]), due[i])
    answer[#answer + 1] = due[i]
    answer[#answer + 1] = due[i + 1]
    more = more - 1
  end
end
answer[2] = more
return answer
