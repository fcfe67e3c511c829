-- ARGV: id, name, data, opts, delay, priority, side. Returns 1, or 0 where the id exists already.
local id, name, data, opts = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local delay, priority, side = tonumber(ARGV[7]), ARGV[8], ARGV[9]
local key = queue.base .. id

call('INCR', queue.base .. 'id')
if call('EXISTS', key) == 1 then
	emit(queue, 'duplicated', 'jobId', id)
	return 0
end
call('HSET', key, 'name', name, 'data', data, 'opts', opts, 'timestamp', ARGV[1], 'delay', delay,
	'priority', priority)
emit(queue, 'added', 'jobId', id, 'name', name)
if delay > 0 then
	make_delayed(queue, id, now + delay)
else
	make_ready(queue, id, side)
	emit(queue, 'waiting', 'jobId', id)
end
return 1
