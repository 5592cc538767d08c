-- Takes the reminders that are due. ARGV: now; how many. Returns when the next one is due or nothing, how many were due, and
-- each.
local due = call('ZRANGEBYSCORE', T .. 'r', '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local answer = { '', call('ZCOUNT', T .. 'r', '-inf', ARGV[1]) }
for i = 1, #due do
  call('ZREM', T .. 'r', due[i])
  answer[#answer + 1] = due[i]
end
answer[1] = call('ZRANGE', T .. 'r', 0, 0, 'WITHSCORES')[2] or ''
return answer
