-- For wrk: each request carries an access token drawn at random, and every answer is checked: its status, and that the
-- company it speaks of is one that was asked for and not answered yet.
-- Arguments: the path, a file of tokens (one a line), what every answer must hold, what comes before the company in
-- it ("-" where tokens name none), how many tokens to use (0 for all), and which of the requests
-- is for /favicon.svg instead: every so many (0 for none).

local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(args)
  local path, file, limit = args[1], args[2], tonumber(args[5])
  needle, mark = args[3], args[4]
  requests, companies, count = {}, {}, 0
  wrong, example, asked = 0, "", {}
  every, sent, others = tonumber(args[6]), 0, 0
  other = "GET /favicon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n"
  for token in io.lines(file) do
    if limit > 0 and count >= limit then break end
    count = count + 1
    requests[count] = "GET " .. path .. " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " .. token .. "\r\n\r\n"
    companies[count] = string.match(token, "^tny_at_(%d+)_")
  end
  math.randomseed(os.time() + id * 7919)
end

function request()
  sent = sent + 1
  if every > 0 and sent % every == 0 then
    others = others + 1
    return other
  end
  local at = math.random(count)
  if mark ~= "-" then
    local company = companies[at]
    asked[company] = (asked[company] or 0) + 1
  end
  return requests[at]
end

local function note(what)
  wrong = wrong + 1
  if example == "" then example = what end
end

function response(status, headers, body)
  if status ~= 200 then return note(status .. " " .. body) end
  if not string.find(body, needle, 1, true) then
    if others > 0 and string.find(body, '<svg ', 1, true) then
      others = others - 1
      return
    end
    return note("without " .. needle .. ": " .. body)
  end
  if mark == "-" then return end
  -- Plain searches are compiled; patterns are not, and would cost more than the server.
  local _, before = string.find(body, mark, 1, true)
  local after = before and string.find(body, ",", before, true)
  local company = after and string.sub(body, before + 1, after - 1)
  local open = company and asked[company]
  if not open or open == 0 then return note("unexpected response:  " .. body) end
  asked[company] = open - 1
end

function done(summary, latency, requests)
  local all_wrong, first = 0, ""
  for _, thread in ipairs(threads) do
    all_wrong = all_wrong + thread:get("wrong")
    if first == "" then first = thread:get("example") end
  end
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"wrong":%d,"failed":%d,"p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests, summary.duration, all_wrong, failed,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
  if first ~= "" then io.write("EXAMPLE " .. first .. "\n") end
end
