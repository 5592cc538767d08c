-- The documents of a kind. ARGV: the kind; `after` or `before`; a place; how many. Returns place, ID and document of each.
local key, place, most = T .. 'k:' .. ARGV[1], '(' .. ARGV[3], ARGV[4]
local found
if ARGV[2] == 'after' then
  found = call('ZRANGEBYSCORE', key, place, '+inf', 'WITHSCORES', 'LIMIT', 0, most)
else
  found = call('ZREVRANGEBYSCORE', key, place, '-inf', 'WITHSCORES', 'LIMIT', 0, most)
end
local listed = {}
for i = 1, #found, 2 do
  local kept = call('HGET', T .. 'd', ARGV[1] .. '\31' .. found[i])
  if kept then
    listed[#listed + 1] = found[i]
    listed[#listed + 1] = kept
  end
end
return listed
