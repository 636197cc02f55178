-- Shows a token that is drawn at random from a file, in each request.
local requests = {}

function init(arguments)
   math.randomseed(tonumber(arguments[2]))
   for token in io.lines(arguments[1]) do
      requests[#requests + 1] = wrk.format(
         "GET", "/v1/validate", { Authorization = "Bearer " .. token, Host = wrk.host })
   end
end

function request()
   return requests[math.random(#requests)]
end
