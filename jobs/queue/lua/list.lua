-- Returns up to `limit` jobs of a container as {id, name, timestamp, finishedOn, attempts made, failedReason}, in
-- the order in which they come or, of finished ones, the latest first. ARGV: container, limit.
local container, limit = ARGV[3], tonumber(ARGV[4])
local key = queue.base .. container
local in_list = { wait = true, paused = true, active = true }
local latest_first = { completed = true, failed = true }

-- The next job of a list stands at its end.
local function ids()
	if latest_first[container] then
		return call('ZREVRANGE', key, 0, limit - 1)
	end
	if not in_list[container] then
		return call('ZRANGE', key, 0, limit - 1)
	end
	local found, reversed = call('LRANGE', key, -limit, -1), {}
	for i = #found, 1, -1 do
		reversed[#reversed + 1] = found[i]
	end
	return reversed
end

local jobs = {}
for _, id in ipairs(ids()) do
	if is_job(queue, id) then
		local fields = call('HMGET', queue.base .. id, 'name', 'timestamp', 'finishedOn', 'atm', 'failedReason')
		local job = { id }
		for i = 1, 5 do
			job[i + 1] = fields[i] or ''
		end
		jobs[#jobs + 1] = job
	end
end
return jobs
