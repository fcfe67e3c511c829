-- ARGV: lock in ms, then id and token of each job. Returns one number a job: 1 renewed, 0 lost.
local lock_ms = ARGV[3]
local renewed = {}
for i = 4, #ARGV, 2 do
	local id, token = ARGV[i], ARGV[i + 1]
	local lock = queue.base .. id .. ':lock'
	local is_ours = call('GET', lock) == token
	if is_ours then
		call('SET', lock, token, 'PX', lock_ms)
		call('SREM', queue.base .. 'stalled', id)
	end
	renewed[#renewed + 1] = is_ours and 1 or 0
end
return renewed
