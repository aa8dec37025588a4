-- What wrk sends, and what it says at the end. Its one argument is a file of whole HTTP requests, divided by NUL.

local calls, last, current = {}, 0, nil
bad = 0

function setup(thread)
  current = thread
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for call in file:read("*a"):gmatch("[^%z]+") do calls[#calls + 1] = call end
  file:close()
end

function request()
  last = last % #calls + 1
  return calls[last]
end

function response(status, _, body)
  if status >= 400 or body:find('"errors":%s*%[%s*{') then bad = bad + 1 end
end

function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed + current:get("bad")))
end
