-- The request numbers with their contents. ARGV: the first and the last, counted from 0.
local found = {}
for _, number in ipairs(call('LRANGE', T .. 'Q', ARGV[1], ARGV[2])) do
  found[#found + 1] = number
  found[#found + 1] = call('HGET', T .. 'q', number)
end
return found
