-- What the scripts share that change something.

-- How much a document, a request number or a callback takes apart from its content, about.
local ENTRY, CALLBACK = 256, 512

local meta = call('HMGET', T .. 'm', 'v', 'b', 'c', 'r')
local version, bytes = tonumber(meta[1] or 0), tonumber(meta[2] or 0)
local callback_bytes, reminder = tonumber(meta[3] or 0), tonumber(meta[4] or 0)
local callback_bytes_before, reminder_before = callback_bytes, reminder

local function keep_meta()
  if callback_bytes == callback_bytes_before and reminder == reminder_before then
    call('HSET', T .. 'm', 'v', text(version), 'b', text(bytes))
  else
    call('HSET', T .. 'm', 'v', text(version), 'b', text(bytes), 'c', text(callback_bytes), 'r', text(reminder))
  end
end
