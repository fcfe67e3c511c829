-- ARGV: id, progress as JSON. Returns 0, or -1 where there is no such job.
local id, progress = ARGV[3], ARGV[4]
if not is_job(queue, id) then
	return -1
end
call('HSET', queue.base .. id, 'progress', progress)
emit(queue, 'progress', 'jobId', id, 'data', progress)
return 0
