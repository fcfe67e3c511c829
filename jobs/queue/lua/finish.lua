-- ARGV: id, token, 'completed' or 'failed', the value, the stack (of a failure), how many finished
-- jobs to keep (-1 all, 0 none), for how many seconds (-1 for ever), how many to delete at once
-- because of their age, the job's attempts, of how many minutes metrics are kept (0 for none); where
-- the next job is wanted, the ms of its lock (else ""), and the worker's name. Returns a code of
-- refusal (as `release`; -4 children pending, -9 children failed), else 0, or what take_next does.
local id, token, target, value, stack = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local keep_count, keep_seconds, age_limit = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local attempts, metrics_points = tonumber(ARGV[11]), tonumber(ARGV[12])
local next_lock_ms, worker = ARGV[13], ARGV[14]
local key, finished = queue.base .. id, queue.base .. target
local value_field = target == 'completed' and 'returnvalue' or 'failedReason'

local function refused_by_children()
	if target == 'failed' then
		return nil
	end
	if call('SCARD', key .. ':dependencies') > 0 then
		return -4
	end
	return call('ZCARD', key .. ':unsuccessful') > 0 and -9 or nil
end

local function tell_others()
	release_duplicates(queue, id)
	if target == 'completed' then
		tell_parent_of_success(queue, id, value)
	else
		tell_parent_of_failure(queue, id, value)
	end
end

local function delete(victims)
	for _, victim in ipairs(victims) do
		leave_parent(queue, victim)
		purge(queue, victim)
	end
	if #victims > 0 then
		call('ZREM', finished, unpack(victims))
	end
end

-- The newest `keep_count`, and none older than `keep_seconds`.
local function keep()
	call('ZADD', finished, ARGV[1], id)
	call('HSET', key, value_field, value, 'finishedOn', ARGV[1])
	if target == 'failed' then
		call('HDEL', key, 'defa')
	end
	if keep_seconds >= 0 then
		delete(call('ZREVRANGEBYSCORE', finished, now - keep_seconds * 1000, '-inf',
			'LIMIT', 0, math.min(age_limit, BATCH)))
	end
	if keep_count > 0 then
		delete(call('ZREVRANGE', finished, keep_count, keep_count + BATCH - 1))
	end
end

local function is_empty(container, length)
	return call(length, queue.base .. container) == 0
end

local refusal = is_job(queue, id) and refused_by_children() or release(queue, id, token)
if refusal ~= 0 then
	return refusal
end
if target == 'failed' then
	call('HSET', key, 'failedReason', value, 'stacktrace', stack)
end
tell_others()
local made = call('HINCRBY', key, 'atm', 1)
if keep_count == 0 then
	purge(queue, id)
else
	keep()
end
emit(queue, target, 'jobId', id, value_field, value, 'prev', 'active')
if target == 'failed' and made >= attempts then
	emit(queue, 'retries-exhausted', 'jobId', id, 'attemptsMade', made)
end
if metrics_points > 0 then
	count_in_metrics(queue, target, metrics_points)
end

local answer = 0
if next_lock_ms ~= '' then
	answer = take_next(token, next_lock_ms, worker)
	if answer[1] ~= 'none' then
		return answer
	end
end
if not (is_empty('wait', 'LLEN') and is_empty('prioritized', 'ZCARD')) then
	wake(queue) -- under a global concurrency limit nobody else says that a place is free
elseif is_empty('active', 'LLEN') then
	emit(queue, 'drained')
end
return answer
