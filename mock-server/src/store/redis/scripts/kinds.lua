-- Each kind, and how many documents it has.
local found = {}
for _, kind in ipairs(call('SMEMBERS', T .. 'K')) do
  found[#found + 1] = kind
  found[#found + 1] = call('ZCARD', T .. 'k:' .. kind)
end
return found
