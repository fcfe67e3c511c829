-- The stalled check. ARGV: how often a job may stall, ms until the next check of any worker.
-- A job is recovered if two checks in a row find it active and nobody renewed its lock between
-- them. Returns how many were.
local max_stalled, interval = tonumber(ARGV[3]), ARGV[4]
local stalled, active = queue.base .. 'stalled', queue.base .. 'active'

-- The next iteration of a scheduler goes through the same job, so that it may stall for ever.
local function is_scheduled(id)
	local scheduler = call('HGET', queue.base .. id, 'rjk')
	return scheduler and (call('EXISTS', queue.base .. 'repeat:' .. scheduler) == 1 or
		call('ZSCORE', queue.base .. 'repeat', scheduler))
end

local function recover(id)
	local key = queue.base .. id
	if call('EXISTS', key .. ':lock') == 1 or call('LREM', active, 1, id) == 0 or
		not is_job(queue, id) then
		return 0
	end
	if call('HINCRBY', key, 'stc', 1) > max_stalled and not is_scheduled(id) then
		call('HSET', key, 'defa', 'job stalled more than allowable limit')
	end
	call('RPUSH', queue.ready, id)
	wake(queue)
	emit(queue, 'waiting', 'jobId', id, 'prev', 'active')
	emit(queue, 'stalled', 'jobId', id)
	return 1
end

if not call('SET', queue.base .. 'stalled-check', ARGV[1], 'PX', interval, 'NX') then
	return 0
end
local recovered = 0
for _, id in ipairs(call('SMEMBERS', stalled)) do
	recovered = recovered + recover(id)
end
call('DEL', stalled)
local ids = call('LRANGE', active, 0, -1)
for first = 1, #ids, BATCH do
	call('SADD', stalled, unpack(ids, first, math.min(first + BATCH - 1, #ids)))
end
return recovered
