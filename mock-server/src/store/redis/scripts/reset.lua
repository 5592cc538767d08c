-- ARGV[1]: `seed` to restore the initial documents, `empty` to keep none, `all` to forget the merchant.
local keys = { T .. 'd', T .. 'K', T .. 'l', T .. 'q', T .. 'Q' }
for _, name in ipairs({ 'c', 'f', 'X', 'a', 'x', 'w', 'y', 'o', 't', 'r', 'p' }) do keys[#keys + 1] = T .. name end
for _, kind in ipairs(call('SMEMBERS', T .. 'K')) do
  call('UNLINK', T .. 'k:' .. kind)
end
call('UNLINK', unpack(keys))
begin_change()
callback_bytes = 0
if ARGV[1] == 'seed' then
  local seed = call('LRANGE', T .. 's', 0, -1)
  for i = 1, #seed, 2 do put(seed[i], seed[i + 1], call('HGET', T .. 'd', seed[i]), true) end
end
bytes = 0
keep_meta()
if ARGV[1] == 'all' then call('UNLINK', T .. 'm', T .. 's') end
return 1
