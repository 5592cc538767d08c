-- What all scripts share. KEYS[1] names the documents of a merchant: without its last letter, it is what the names of all
-- keys of the merchant begin with. All of them are in one slot.
--
--   d  hash: kind 0x1f ID -> version, place, whether it is the seed's, JSON
--   k: sorted sets: the IDs of a kind by place         K  set: the kinds
--   l  sorted set: what requests have created, by the version of its last change
--   m  hash: v the last version, b the bytes of what requests have added, c the bytes of callbacks, r the last reminder
--   q  hash: request number -> content                 Q  list: request numbers, the oldest first
--   s  list: kind 0x1f ID, JSON of each document of the seed
--   c  hash: number of a callback -> JSON without requests as sent
--   f  hash: the same with them                        X  list: which settled callbacks have them, the oldest first
--   a  sorted set: all callbacks by number             x  sorted set: the settled ones by number
--   w  sorted set: those that wait, by when they are due
--   y  sorted set: those that are being sent, by when the lease ends      o  hash: who sends them
--   t  hash: callbacks on their way to another merchant
--   r  sorted set: reminders by when they are due      p  sorted set: those that a mock has taken, by when others may
--   i: what a commit has answered, for when it is tried again
local T = string.sub(KEYS[1], 1, -2)
local call = redis.call

-- Numbers as text: without an exponent, and callbacks so that the order of texts is that of numbers.
local function text(number) return string.format('%.0f', number) end
local function padded(number) return string.format('%016.0f', number) end
