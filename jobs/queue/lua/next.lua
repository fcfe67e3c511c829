-- Taking the next job, shared by a fetch and by the end of the job before.
local limit = call('HMGET', queue.base .. 'meta', 'max', 'duration')
local max, window = tonumber(limit[1]), math.floor(math.abs(tonumber(limit[2]) or 0))
local limiter, active = queue.base .. 'limiter', queue.base .. 'active'

-- What a worker needs of a job's hash, in the order of enum queue_field in job.h.
local FIELDS = { 'name', 'data', 'opts', 'timestamp', 'priority', 'ats', 'atm', 'attemptsMade', 'stc',
	'defa', 'failedReason', 'stacktrace', 'rjk' }

-- How long the rate limit still shuts the queue, in ms; 0 where it does not.
local function limited_for()
	if not max or (tonumber(call('GET', limiter)) or 0) < max then
		return 0
	end
	local left = call('PTTL', limiter)
	if left == 0 then
		call('DEL', limiter)
	end
	return math.max(left, 0)
end

local function pop()
	local id = call('RPOPLPUSH', queue.base .. 'wait', active)
	if id then
		return id
	end
	local first = call('ZPOPMIN', queue.base .. 'prioritized')
	if first[1] then
		call('LPUSH', active, first[1])
	else
		call('DEL', queue.base .. 'pc')
	end
	return first[1]
end

-- Drops ids whose job is gone; whoever runs one would run a job without name and data.
local function pop_job()
	for _ = 1, BATCH do
		local id = pop()
		if not id or is_job(queue, id) then
			return id
		end
		call('LREM', active, 1, id)
	end
end

local function nothing()
	local first = call('ZRANGE', queue.base .. 'delayed', 0, 0, 'WITHSCORES')
	if first[1] then
		return { 'until', string.format('%.0f', math.floor(tonumber(first[2]) / SLOTS)) }
	end
	return { 'none' }
end

local function count_towards_limit(key)
	if max and call('HEXISTS', key, 'defa') == 0 and call('INCR', limiter) == 1 then
		call('PEXPIRE', limiter, window)
	end
end

-- Returns {'job', id, values of FIELDS}, {'limited', ms}, {'until', ms since the epoch}, {'blocked'} or {'none'}.
local function take_next(token, lock_ms, worker)
	promote(queue)
	local shut = limited_for()
	if shut > 0 then
		return { 'limited', tostring(shut) }
	end
	if is_blocked(queue) then
		return { 'blocked' }
	end
	local id = pop_job()
	if not id then
		return nothing()
	end
	local key = queue.base .. id
	count_towards_limit(key)
	call('SET', key .. ':lock', token, 'PX', lock_ms)
	emit(queue, 'active', 'jobId', id, 'prev', 'waiting')
	if worker ~= '' then
		call('HSET', key, 'processedOn', ARGV[1], 'pb', worker)
	else
		call('HSET', key, 'processedOn', ARGV[1])
	end
	call('HINCRBY', key, 'ats', 1)
	-- Unconditionally: the worker that this wakes wakes the next, until all have found nothing.
	call('ZADD', queue.base .. 'marker', 0, '0')
	return { 'job', id, call('HMGET', key, unpack(FIELDS)) }
end
