-- As add, for jobs that the queue should hold, but may have lost: one that exists stays as it is, unless it is kept
-- as finished; that one is made ready again. ARGV as add's. Returns of each 1 if something changed, else 0.
local FIELDS = 7

local function add(i)
	enqueue(queue, ARGV[i], { name = ARGV[i + 1], data = ARGV[i + 2], opts = ARGV[i + 3],
		timestamp = ARGV[1], delay = ARGV[i + 4], priority = ARGV[i + 5] }, ARGV[i + 6])
	call('INCR', queue.base .. 'id')
	return 1
end

-- The reason for its failure stays: without it, it would count as retried by hand.
local function reopen(id, side)
	for _, state in ipairs({ 'failed', 'completed' }) do
		if call('ZREM', queue.base .. state, id) == 1 then
			call('HDEL', queue.base .. id, 'finishedOn', 'processedOn', 'returnvalue')
			make_ready(queue, id, side)
			emit(queue, 'waiting', 'jobId', id, 'prev', state)
			return 1
		end
	end
	return 0
end

local restored = {}
for i = 3, #ARGV, FIELDS do
	local is_there = call('EXISTS', queue.base .. ARGV[i]) == 1
	restored[#restored + 1] = is_there and reopen(ARGV[i], ARGV[i + 6]) or not is_there and add(i) or 0
end
return restored
