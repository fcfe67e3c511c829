-- ARGV, of each job: id, name, data, opts, delay, priority, side. Returns of each 1, or 0 where its
-- id exists already.
local FIELDS = 7

local function add(i)
	local id = ARGV[i]
	if call('EXISTS', queue.base .. id) == 1 then
		emit(queue, 'duplicated', 'jobId', id)
		return 0
	end
	enqueue(queue, id, { name = ARGV[i + 1], data = ARGV[i + 2], opts = ARGV[i + 3],
		timestamp = ARGV[1], delay = ARGV[i + 4], priority = ARGV[i + 5] }, ARGV[i + 6])
	return 1
end

local added = {}
queue.collected = { LPUSH = {}, RPUSH = {} }
for i = 3, #ARGV, FIELDS do
	added[#added + 1] = add(i)
end
for side, ids in pairs(queue.collected) do
	if #ids > 0 then
		call(side, queue.ready, unpack(ids))
	end
end
call('INCRBY', queue.base .. 'id', #added)
return added
