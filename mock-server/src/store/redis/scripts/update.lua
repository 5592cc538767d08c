-- Keeps a callback after an attempt. ARGV: number; who has sent it; when it is due again, or nothing if it is settled; `received`
-- or nothing; JSON; JSON with requests as sent, or nothing; how many settled ones keep these; the most callbacks; the most bytes.
-- Returns whether it is still there.
local number, due = ARGV[1], ARGV[3]
if call('HEXISTS', T .. 'c', number) == 0 then return 0 end
-- A mock that was taken for dead comes late, or says the same twice: what another one has reached stays, and only a receipt goes
-- before its attempt.
if call('ZSCORE', T .. 'x', number) then return 1 end
if call('HGET', T .. 'o', number) ~= ARGV[2] and ARGV[4] ~= 'received' then return 1 end
forget_callback(number)
put_callback(number, due, ARGV[5], ARGV[6], tonumber(ARGV[7]))
make_room_for_callbacks(tonumber(ARGV[8]), tonumber(ARGV[9]))
keep_meta()
return 1
