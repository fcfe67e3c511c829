-- Adds the next job of a scheduler. ARGV: scheduler, id of the job that was fetched, ms at which the
-- next is due, its opts. Returns 1, or 0 where that has been done, or the scheduler is gone.
local scheduler, id, due, opts = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local definition, schedule = queue.base .. 'repeat:' .. scheduler, queue.base .. 'repeat'

local last = call('ZSCORE', schedule, scheduler)
if not last or id ~= 'repeat:' .. scheduler .. ':' .. string.format('%.0f', tonumber(last)) then
	return 0
end
local next_id = 'repeat:' .. scheduler .. ':' .. due
if call('EXISTS', queue.base .. next_id) == 1 then
	emit(queue, 'duplicated', 'jobId', next_id)
	return 0
end
local template = call('HMGET', definition, 'name', 'data')
call('ZADD', schedule, due, scheduler)
call('HINCRBY', definition, 'ic', 1)
call('INCR', queue.base .. 'id')
enqueue(queue, next_id, { name = template[1] or '', data = template[2] or '{}', opts = opts,
	timestamp = ARGV[1], delay = math.max(tonumber(due) - now, 0),
	priority = priority_of(queue, id), rjk = scheduler }, 'LPUSH')
return 1
