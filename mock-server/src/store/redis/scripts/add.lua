-- Keeps callbacks that are not there yet. ARGV: how many settled ones keep requests as sent; the most callbacks; the most bytes;
-- then number, due or nothing, JSON, JSON with requests as sent or nothing, of each.
for i = 4, #ARGV, 4 do
  local number = padded(ARGV[i])
  if call('HEXISTS', T .. 'c', number) == 0 then
    put_callback(number, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[1]))
  end
end
make_room_for_callbacks(tonumber(ARGV[2]), tonumber(ARGV[3]))
keep_meta()
return 1
