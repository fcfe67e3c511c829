-- Makes a job ready again that has failed. ARGV: id, side. Returns 0; -1 where there is no such job, -3 where it
-- has not failed.
local id, side = ARGV[3], ARGV[4]
local key = queue.base .. id
if not is_job(queue, id) then
	return -1
end
if call('ZREM', queue.base .. 'failed', id) == 0 then
	return -3
end
call('HDEL', key, 'finishedOn', 'processedOn', 'failedReason')
make_ready(queue, id, side)
-- Its parent waits for it once more.
local parent = call('HGET', key, 'parentKey')
if parent and call('ZREM', parent .. ':unsuccessful', key) + call('HDEL', parent .. ':failed', key) > 0 then
	call('SADD', parent .. ':dependencies', key)
end
emit(queue, 'waiting', 'jobId', id, 'prev', 'failed')
return 0
