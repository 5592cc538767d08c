-- Makes a callback due now, unless it is being sent. ARGV: number; now. Returns its JSON, or nothing.
local json = call('HGET', T .. 'c', ARGV[1])
if json and not call('ZSCORE', T .. 'y', ARGV[1]) then
  call('ZREM', T .. 'x', ARGV[1])
  call('ZADD', T .. 'w', ARGV[2], ARGV[1])
end
return json
