-- Returns a job that was not run, in front of its equals. ARGV: id, token. Returns 0 or the code
-- of the refusal.
local id, token = ARGV[3], ARGV[4]
local refusal = release(queue, id, token)
if refusal ~= 0 then
	return refusal
end
local priority = priority_of(queue, id)
if priority > 0 then
	call('ZADD', queue.base .. 'prioritized', priority * RANKS, id)
else
	call('RPUSH', queue.ready, id)
end
wake(queue)
emit(queue, 'waiting', 'jobId', id, 'prev', 'active')
return 0
