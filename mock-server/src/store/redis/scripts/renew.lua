-- Keeps callbacks for the mock that is sending them. ARGV: which one; for how many milliseconds; the numbers.
local time = call('TIME')
local real = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 3, #ARGV do
  if call('HGET', T .. 'o', ARGV[i]) == ARGV[1] then
    call('ZADD', T .. 'y', 'XX', text(real + ARGV[2]), ARGV[i])
  end
end
return 1
