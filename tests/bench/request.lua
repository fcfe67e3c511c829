-- What wrk sends, and its report as one line of JSON.
-- Arguments after `--`: the method, the body ("" for none), and the paths, which are taken in turn. BENCH_TOKEN has
-- one token, or several with commas between, which are taken in turn, too.
local requests, turn = {}, 0

function init(args)
	local headers = {}
	local tokens = {}
	for token in (os.getenv("BENCH_TOKEN") or ""):gmatch("[^,]+") do tokens[#tokens + 1] = token end
	local body = args[2] ~= "" and args[2] or nil
	if body then headers["Content-Type"] = "application/json" end
	for i = 3, #args do
		local token = tokens[(i - 3) % math.max(#tokens, 1) + 1]
		if token then headers["Authorization"] = "Bearer " .. token end
		requests[#requests + 1] = wrk.format(args[1], args[i], headers, body)
	end
end

function request()
	turn = turn % #requests + 1
	return requests[turn]
end

function done(summary, latency)
	local errors = summary.errors
	local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
	io.write(string.format('\n{"requests":%d,"seconds":%f,"p99Ms":%f,"failed":%d}\n',
		summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3, failed))
end
