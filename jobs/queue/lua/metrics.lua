-- How many jobs ended alike in each minute, the newest first, of which the last `points` stay.
local function count_in_metrics(q, target, points)
	local key = q.base .. 'metrics:' .. target
	local count = call('HINCRBY', key, 'count', 1) - 1
	local before = call('HMGET', key, 'prevTS', 'prevCount')
	if not before[1] then
		call('HSET', key, 'prevTS', ARGV[1], 'prevCount', 0)
		return
	end
	local minutes = math.floor(now / 60000) - math.floor(tonumber(before[1]) / 60000)
	minutes = math.min(minutes, points)
	if minutes <= 0 then
		return
	end
	local data = key .. ':data'
	call('LPUSH', data, count - (tonumber(before[2]) or 0))
	local zeros = {}
	for i = 1, minutes - 1 do
		zeros[i] = 0
	end
	for first = 1, #zeros, BATCH do
		call('LPUSH', data, unpack(zeros, first, math.min(first + BATCH - 1, #zeros)))
	end
	call('LTRIM', data, 0, points - 1)
	call('HSET', key, 'prevCount', count, 'prevTS', ARGV[1])
end
