-- Takes a lease, or a place in the line for one. KEYS: the leases in force, the line, when each in it was last
-- seen, the limit that was learned. ARGV: token, limit where none was learned (negative: whatever was), how long
-- (ms) the lease lasts, how long a place is kept for somebody who does not ask again.
-- Returns 0 for the lease, or the place in the line, from 1.
local call = redis.call
local held, line, seen = KEYS[1], KEYS[2], KEYS[3]
local token, limit = ARGV[1], tonumber(ARGV[2])
local lease_ms, place_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)

call('ZREMRANGEBYSCORE', held, '-inf', now)
for _, gone in ipairs(call('ZRANGEBYSCORE', seen, '-inf', now)) do
	call('ZREM', line, gone)
	call('ZREM', seen, gone)
end
limit = limit < 0 and -limit or tonumber(call('GET', KEYS[4])) or limit
call('ZADD', line, 'NX', now_us, token)
local place = call('ZRANK', line, token)
if call('ZCARD', held) + place < limit then
	call('ZREM', line, token)
	call('ZREM', seen, token)
	call('ZADD', held, now + lease_ms, token)
	call('PEXPIRE', held, lease_ms)
	return 0
end
call('ZADD', seen, now + place_ms, token)
call('PEXPIRE', line, place_ms)
call('PEXPIRE', seen, place_ms)
return place + 1
