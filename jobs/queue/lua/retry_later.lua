-- ARGV: id, token, delay in ms, reason, stack. Returns 0 or the code of the refusal.
local id, token, delay = ARGV[3], ARGV[4], tonumber(ARGV[5])
local refusal = release(queue, id, token)
if refusal ~= 0 then
	return refusal
end
local key = queue.base .. id
call('HSET', key, 'failedReason', ARGV[6], 'stacktrace', ARGV[7], 'delay', delay)
call('HINCRBY', key, 'atm', 1)
make_delayed(queue, id, now + delay)
return 0
