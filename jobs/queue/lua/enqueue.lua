local OPTIONAL = { 'deid', 'rjk', 'parentKey', 'parent' }

-- Stores a new job and puts it where it belongs. `job` has what the hash has to have, and what else
-- it may have; `side` says where a job waits that has no priority.
local function enqueue(q, id, job, side)
	local key = q.base .. id
	local delay, timestamp = tonumber(job.delay), tonumber(job.timestamp)
	call('HSET', key, 'name', job.name, 'data', job.data, 'opts', job.opts,
		'timestamp', job.timestamp, 'delay', job.delay, 'priority', job.priority)
	for _, field in ipairs(OPTIONAL) do
		if job[field] then
			call('HSET', key, field, job[field])
		end
	end
	emit(q, 'added', 'jobId', id, 'name', job.name)
	if delay > 0 then
		make_delayed(q, id, timestamp + delay)
	else
		make_ready(q, id, side, tonumber(job.priority))
		emit(q, 'waiting', 'jobId', id)
	end
end
