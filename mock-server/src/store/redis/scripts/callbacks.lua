-- The callbacks after a number. ARGV: the number; how many. Returns number, state (when it is due, `sending` or nothing) and
-- JSON of each.
local found = {}
for _, number in ipairs(call('ZRANGEBYSCORE', T .. 'a', '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[2])) do
  local state = call('ZSCORE', T .. 'w', number)
  if not state then state = call('ZSCORE', T .. 'y', number) and 'sending' or '' end
  found[#found + 1] = number
  found[#found + 1] = state
  found[#found + 1] = call('HGET', T .. 'f', number) or call('HGET', T .. 'c', number)
end
return found
