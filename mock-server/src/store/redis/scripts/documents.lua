-- What the scripts share that change documents.

-- How many documents were created.
local created = 0

local function kind_of(field)
  local at = string.find(field, '\31', 1, true)
  return string.sub(field, 1, at - 1), string.sub(field, at + 1)
end

-- The place and the mark of a document, and where its JSON begins.
local function parts(kept)
  return string.match(kept, '^%d+ (%d+) (%d) ()')
end

local function size(field, json_length) return ENTRY + 2 * #field + json_length end

-- The version of the next change. That of a merchant's first one is the time, so that one that was removed and comes again has
-- later versions than before.
local function begin_change()
  if version == 0 then
    local time = call('TIME')
    version = time[1] * 1000000 + time[2]
  end
  version = version + 1
end

-- Puts a document in place of what is kept of it, if anything is.
local function put(field, json, kept, is_seed)
  begin_change()
  local v = text(version)
  if kept then
    local place, mark, at = parts(kept)
    call('HSET', T .. 'd', field, v .. ' ' .. place .. ' ' .. mark .. ' ' .. json)
    bytes = bytes + #json - (#kept - at + 1)
    if mark == '0' then call('ZADD', T .. 'l', v, field) end
    return
  end
  call('HSET', T .. 'd', field, v .. ' ' .. v .. (is_seed and ' 1 ' or ' 0 ') .. json)
  local kind, id = kind_of(field)
  if call('ZADD', T .. 'k:' .. kind, v, id) == 1 then call('SADD', T .. 'K', kind) end
  if not is_seed then
    call('ZADD', T .. 'l', v, field)
    bytes = bytes + size(field, #json)
    created = created + 1
  end
end

-- Removes a document of which this is kept.
local function remove(field, kept)
  begin_change()
  if not kept then return end
  local _, mark, at = parts(kept)
  local length = #kept - at + 1
  bytes = bytes - (mark == '0' and size(field, length) or length)
  call('HDEL', T .. 'd', field)
  call('ZREM', T .. 'l', field)
  local kind, id = kind_of(field)
  call('ZREM', T .. 'k:' .. kind, id)
  if call('EXISTS', T .. 'k:' .. kind) == 0 then call('SREM', T .. 'K', kind) end
end
