-- What the transitions share. KEYS[1] is the queue's meta key; ARGV[1] the caller's clock in ms,
-- ARGV[2] the layout of paused queues: "5" or "6" after BullMQ's version, or "auto".
local call = redis.call
local now, layout = tonumber(ARGV[1]), ARGV[2]

local BATCH = 1000 -- the most that is moved or deleted at once: scripts hold up the server
local SLOTS = 4096 -- places within one ms in the scores of delayed jobs
local RANKS = 4294967296 -- places within one priority

-- Reads what a queue's meta hash says; `base` is the part that the queue's keys have in common.
local function open(base)
	local meta = call('HMGET', base .. 'meta', 'paused', 'concurrency', 'opts.maxLenEvents',
		'version')
	local queue = { base = base, events = base .. 'events', paused = meta[1] ~= false,
		concurrency = tonumber(meta[2]) }
	if not meta[3] then
		call('HSET', base .. 'meta', 'opts.maxLenEvents', 10000)
	end
	queue.max_events = meta[3] or '10000' -- a text: Redis is slow to make one of a number
	local is_5 = string.sub(meta[4] or '', 1, 9) == 'bullmq:5.'
	queue.is_5 = layout == '5' or (layout == 'auto' and is_5)
	-- BullMQ 5 keeps the ready jobs of a paused queue in a list of its own.
	queue.ready = base .. ((queue.paused and queue.is_5) and 'paused' or 'wait')
	return queue
end

local queue = open(string.sub(KEYS[1], 1, -#'meta' - 1))

local function emit(q, event, ...)
	call('XADD', q.events, 'MAXLEN', '~', q.max_events, '*', 'event', event, ...)
end

-- Not EXISTS: an id that somebody chose like the name of a list is no job either.
local function is_job(q, id)
	return call('TYPE', q.base .. id).ok == 'hash'
end

local function is_blocked(q)
	return q.paused or (q.concurrency and call('LLEN', q.base .. 'active') >= q.concurrency)
end

-- Lets one idle worker look for a job; once is enough, since nobody sees the marker meanwhile.
local function wake(q)
	if not q.is_awake and not is_blocked(q) then
		call('ZADD', q.base .. 'marker', 0, '0')
		q.is_awake = true
	end
end

-- Lets one idle worker look for a job when the first delayed one is due.
local function wake_when_due(q)
	local first = call('ZRANGE', q.base .. 'delayed', 0, 0, 'WITHSCORES')
	if first[1] then
		call('ZADD', q.base .. 'marker', tonumber(first[2]) / SLOTS, '1')
	end
end

local function priority_of(q, id)
	return tonumber(call('HGET', q.base .. id, 'priority')) or 0
end

-- Behind the jobs of the same priority.
local function rank(q, priority)
	return priority * RANKS + call('INCR', q.base .. 'pc') % RANKS
end

-- Where a job without priority waits: `side` is LPUSH (last) or RPUSH (next). A script that makes
-- many ready has them collected in q.collected, and pushes them itself.
local function put_ready(q, id, side, priority)
	if priority > 0 then
		call('ZADD', q.base .. 'prioritized', rank(q, priority), id)
	elseif q.collected then
		table.insert(q.collected[side], id)
	else
		call(side, q.ready, id)
	end
end

local function make_ready(q, id, side, priority)
	put_ready(q, id, side, priority or priority_of(q, id))
	wake(q)
end

-- Delays a job until `due` (ms), behind those that are due in the same ms.
local function make_delayed(q, id, due)
	local low, high = due * SLOTS, (due + 1) * SLOTS - 1
	local last = call('ZREVRANGEBYSCORE', q.base .. 'delayed', high, low, 'WITHSCORES',
		'LIMIT', 0, 1)
	local score = last[1] and math.min(tonumber(last[2]) + 1, high) or low
	call('ZADD', q.base .. 'delayed', score, id)
	emit(q, 'delayed', 'jobId', id, 'delay', string.format('%.0f', due))
	wake_when_due(q)
end

-- Makes the delayed jobs ready that are due by now.
local function promote(q)
	local due = call('ZRANGEBYSCORE', q.base .. 'delayed', 0, (now + 1) * SLOTS - 1, 'LIMIT', 0,
		BATCH)
	for _, id in ipairs(due) do
		call('ZREM', q.base .. 'delayed', id)
		if is_job(q, id) then
			put_ready(q, id, 'LPUSH', priority_of(q, id))
			emit(q, 'waiting', 'jobId', id, 'prev', 'delayed')
			call('HSET', q.base .. id, 'delay', 0)
		end
	end
	if #due > 0 then
		wake(q)
	end
end

local function purge(q, id)
	local key = q.base .. id
	call('DEL', key, key .. ':logs', key .. ':dependencies', key .. ':processed',
		key .. ':failed', key .. ':unsuccessful')
end

-- Takes a job from the worker that holds it by `token`: 0, or the BullMQ code of the refusal
-- (-1 no such job, -2 no lock, -6 somebody else's lock, -3 not active).
local function release(q, id, token)
	if not is_job(q, id) then
		return -1
	end
	local lock = q.base .. id .. ':lock'
	local holder = call('GET', lock)
	if holder ~= token then
		return holder and -6 or -2
	end
	call('DEL', lock)
	call('SREM', q.base .. 'stalled', id)
	return call('LREM', q.base .. 'active', -1, id) == 0 and -3 or 0
end

-- Puts what BullMQ 5 moved aside while paused in front of the newer jobs in `wait`.
local function merge_paused(q)
	local ids = call('LRANGE', q.base .. 'paused', 0, -1)
	for first = 1, #ids, BATCH do
		local last = math.min(first + BATCH - 1, #ids)
		call('RPUSH', q.base .. 'wait', unpack(ids, first, last))
	end
	call('DEL', q.base .. 'paused')
end
