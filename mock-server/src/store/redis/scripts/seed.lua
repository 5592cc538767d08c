-- Sets the initial documents. A merchant that is not known yet begins with them. ARGV: kind 0x1f ID, JSON of each.
call('DEL', T .. 's')
for i = 1, #ARGV, 2 do call('RPUSH', T .. 's', ARGV[i], ARGV[i + 1]) end
-- It may have received callbacks, which stay.
if version == 0 then
  begin_change()
  for i = 1, #ARGV, 2 do put(ARGV[i], ARGV[i + 1], call('HGET', T .. 'd', ARGV[i]), true) end
  keep_meta()
end
return 1
