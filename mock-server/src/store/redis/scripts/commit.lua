-- Keeps all changes of a request or none, once: a commit that is tried again answers the same.
--
-- KEYS[2], if there is one: the number of the last callback of all merchants.
-- ARGV: ID; the most documents, request numbers, bytes, callbacks, bytes of callbacks, reminders; then with their counts:
-- read (field, version), changed (field, JSON or nothing), request numbers (number, content), callbacks (number or 0,
-- receiver or nothing, due, JSON), reminders (due, kind 0x1f ID).
-- Returns the version and the numbers of the callbacks, or `conflict`.
local SECONDS = 15

local id = T .. 'i:' .. ARGV[1]
local answered = call('GET', id)
if answered then
  -- A write, so that WAIT waits for what was written before.
  call('SET', id, answered, 'EX', SECONDS)
  return answered
end

local at = 8
local function list(width)
  local first, count = at + 1, tonumber(ARGV[at])
  at = first + count * width
  return first, at - 1
end

local documents = T .. 'd'
local kept = {}
local first, last = list(2)
for i = first, last, 2 do
  local field = ARGV[i]
  local found = call('HGET', documents, field)
  if (found and string.match(found, '^%d+') or '0') ~= ARGV[i + 1] then return 'conflict' end
  kept[field] = found
end

local function evict_document()
  local oldest = call('ZRANGE', T .. 'l', 0, 0)[1]
  if not oldest then return false end
  remove(oldest, call('HGET', T .. 'd', oldest))
  return true
end

local function evict_number()
  local oldest = call('LPOP', T .. 'Q')
  if not oldest then return false end
  call('HDEL', T .. 'q', oldest)
  bytes = bytes - ENTRY
  return true
end

first, last = list(2)
local is_change = first <= last
for i = first, last, 2 do
  local field, json = ARGV[i], ARGV[i + 1]
  local before = kept[field]
  if before == nil then before = call('HGET', documents, field) end
  if json == '' then remove(field, before) else put(field, json, before, false) end
end
if created > 0 then
  for _ = 1, call('ZCARD', T .. 'l') - ARGV[2] do evict_document() end
end

first, last = list(2)
is_change = is_change or first <= last
for i = first, last, 2 do
  if call('HSET', T .. 'q', ARGV[i], ARGV[i + 1]) == 1 then
    bytes = bytes + ENTRY
    if call('RPUSH', T .. 'Q', ARGV[i]) > tonumber(ARGV[3]) then evict_number() end
  end
end

local numbers = {}
first, last = list(4)
if first <= last then
  is_change = true
  for i = first, last, 4 do
    local number = ARGV[i]
    if number == '0' then number = call('INCR', KEYS[2]) end
    number = padded(number)
    numbers[#numbers + 1] = number
    if ARGV[i + 1] == '' then
      put_callback(number, ARGV[i + 2], ARGV[i + 3], '', 0)
    else
      call('HSET', T .. 't', number, ARGV[i + 1] .. '\31' .. ARGV[i + 2] .. '\31' .. ARGV[i + 3])
    end
  end
  make_room_for_callbacks(tonumber(ARGV[5]), tonumber(ARGV[6]))
end

first, last = list(2)
is_change = is_change or first <= last
for i = first, last, 2 do
  reminder = reminder + 1
  call('ZADD', T .. 'r', ARGV[i], padded(reminder) .. '\31' .. ARGV[i + 1])
  if call('ZCARD', T .. 'r') > tonumber(ARGV[7]) then call('ZREMRANGEBYRANK', T .. 'r', -1, -1) end
end

local answer = text(version)
if not is_change then return answer end
local most = tonumber(ARGV[4])
while bytes > most do
  if not (evict_document() or evict_number()) then break end
end
keep_meta()
if #numbers > 0 then answer = answer .. ' ' .. table.concat(numbers, ' ') end
call('SET', id, answer, 'EX', SECONDS)
return answer
