-- ARGV: id, token, side, reason, stack. Returns 0 or the code of the refusal.
local id, token, side = ARGV[3], ARGV[4], ARGV[5]
promote(queue)
local refusal = release(queue, id, token)
if refusal ~= 0 then
	return refusal
end
local key = queue.base .. id
call('HSET', key, 'failedReason', ARGV[6], 'stacktrace', ARGV[7])
make_ready(queue, id, side)
call('HINCRBY', key, 'atm', 1)
emit(queue, 'waiting', 'jobId', id, 'prev', 'active')
return 0
