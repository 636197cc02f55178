-- Sends requests that stand in a file as they go over the wire, all of the same length.
-- Each thread asks one of the nodes, and has a part of the file of its own. It takes requests out
-- of the part as it goes, because wrk counts for the first thread what it does while the others
-- get ready, but not the time.
local length, count, part
local once, sent = false, 0
local threads = 0

function setup(thread)
   thread:set("place", threads)
   threads = threads + 1
end

-- Arguments: the file, the length of a request, how many there are for each thread, "drawn" (at
-- random, again and again) or "once" (each in turn, and no more), a seed, and of each thread's
-- node host and port.
function init(arguments)
   length, count = tonumber(arguments[2]), tonumber(arguments[3])
   once = arguments[4] == "once"
   math.randomseed(tonumber(arguments[5]) + place)
   wrk.thread.addr = wrk.lookup(arguments[6 + 2 * place], arguments[7 + 2 * place])[1]
   local file = assert(io.open(arguments[1], "rb"))
   file:seek("set", place * count * length)
   part = file:read(count * length)
   file:close()
end

function request()
   local number = once and sent or math.random(count) - 1
   sent = sent + 1
   -- wrk fails as a whole then: a round that ran out of requests does not count.
   assert(number < count, "no requests are left")
   return part:sub(number * length + 1, (number + 1) * length)
end
