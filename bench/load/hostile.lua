-- For wrk: the same request over and over, or one of a file of tokens, and one status that every answer must have.
-- Arguments: what to send ("token FILE", "secret" or "body"), and the status.

function init(args)
  what, file, expected = args[1], args[2], tonumber(args[3])
  wrong = 0
  tokens = {}
  if what == "token" then
    for line in io.lines(file) do tokens[#tokens + 1] = line end
  end
  math.randomseed(os.time())
  if what == "secret" then
    fixed = wrk.format("POST", "/oauth/token", {
      ["Content-Type"] = "application/x-www-form-urlencoded",
      ["Authorization"] = "Basic " .. file,
    }, "grant_type=refresh_token&refresh_token=x")
  elseif what == "body" then
    fixed = wrk.format("POST", "/oauth/token", {
      ["Content-Type"] = "application/x-www-form-urlencoded",
    }, "grant_type=" .. string.rep("x", 100000))
  end
end

function request()
  if fixed then return fixed end
  local token = tokens[math.random(#tokens)]
  return "GET /users/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " .. token .. "\r\n\r\n"
end

function response(status)
  if status ~= expected then wrong = wrong + 1 end
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function done(summary)
  local all = 0
  for _, thread in ipairs(threads) do all = all + thread:get("wrong") end
  io.write(string.format('\nRESULT {"requests":%d,"wrong":%d}\n', summary.requests, all))
end
