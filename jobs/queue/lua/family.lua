-- What the end of a job means to others: to later jobs that are held back as its duplicates, and
-- to the job that waits for it as its parent.

-- Adds the job that was held back as a duplicate while the one that ends now was running.
local function add_successor(q, deduplication)
	local kept_key = q.base .. 'dn:' .. deduplication
	local kept = call('HMGET', kept_key, 'name', 'data', 'opts', 'jid', 'pk', 'pd', 'pdk', 'rjk')
	if not kept[3] then
		return
	end
	local number = call('INCR', q.base .. 'id')
	local id = kept[4] or tostring(number)
	local ok, opts = pcall(cjson.decode, kept[3])
	opts = ok and type(opts) == 'table' and opts or {}
	local rule = type(opts.de) == 'table' and opts.de or {}
	local owner = q.base .. 'de:' .. deduplication
	if tonumber(rule.ttl) and tonumber(rule.ttl) > 0 and not rule.keepLastIfActive then
		call('SET', owner, id, 'PX', rule.ttl)
	else
		call('SET', owner, id)
	end
	enqueue(q, id, { name = kept[1] or '', data = kept[2] or '{}', opts = kept[3], timestamp = ARGV[1],
		delay = tonumber(opts.delay) or 0, priority = tonumber(opts.priority) or 0,
		deid = deduplication, parentKey = kept[5], parent = kept[6], rjk = kept[8] },
		opts.lifo and 'RPUSH' or 'LPUSH')
	if kept[7] then
		call('SADD', kept[7], q.base .. id)
	end
	call('DEL', kept_key)
end

-- Lets the next job with the same deduplication id in; one with a time to live stays shut.
local function release_duplicates(q, id)
	local deduplication = call('HGET', q.base .. id, 'deid')
	if not deduplication then
		return
	end
	local key = q.base .. 'de:' .. deduplication
	local left = call('PTTL', key)
	if left == 0 or (left == -1 and call('GET', key) == id) then
		call('DEL', key)
	end
	add_successor(q, deduplication)
end

-- The parent named in the job's hash, with the flags for a failure; nil where there is none.
local function parent_of(q, id)
	local fields = call('HMGET', q.base .. id, 'parent', 'parentKey')
	if not fields[1] and not fields[2] then
		return nil
	end
	local ok, parent = pcall(cjson.decode, fields[1] or '')
	if not ok or type(parent) ~= 'table' or not parent.id or not parent.queueKey then
		parent = {}
		parent.queueKey, parent.id = string.match(fields[2] or '', '^(.*):([^:]*)$')
	end
	if not parent.id then
		return nil
	end
	parent.key = parent.queueKey .. ':' .. parent.id
	return parent
end

local function make_parent_ready(parent)
	local q = open(parent.queueKey .. ':')
	local delay = tonumber(call('HGET', parent.key, 'delay')) or 0
	if delay > 0 then
		make_delayed(q, parent.id, now + delay)
		return
	end
	make_ready(q, parent.id, 'RPUSH')
	emit(q, 'waiting', 'jobId', parent.id, 'prev', 'waiting-children')
end

local function release_parent(parent)
	local waiting = parent.queueKey .. ':waiting-children'
	if call('EXISTS', parent.key) == 1 and call('ZREM', waiting, parent.id) == 1 then
		make_parent_ready(parent)
	end
end

local function release_parent_if_last(parent)
	if call('SCARD', parent.key .. ':dependencies') == 0 then
		release_parent(parent)
	end
end

-- The next worker that fetches the parent fails it with this text.
local function fail_parent(parent, child)
	call('ZADD', parent.key .. ':unsuccessful', now, child)
	local has_failed = call('ZSCORE', parent.queueKey .. ':failed', parent.id)
	if has_failed or call('EXISTS', parent.key) == 0 then
		return
	end
	call('HSET', parent.key, 'defa', 'child ' .. child .. ' failed')
	if call('ZREM', parent.queueKey .. ':waiting-children', parent.id) == 1 then
		make_parent_ready(parent)
	elseif call('ZREM', parent.queueKey .. ':delayed', parent.id) == 1 then
		call('HSET', parent.key, 'delay', 0)
		make_parent_ready(parent)
	end
end

local function tell_parent_of_success(q, id, value)
	local parent, child = parent_of(q, id), q.base .. id
	if parent and call('SREM', parent.key .. ':dependencies', child) == 1 then
		call('HSET', parent.key .. ':processed', child, value)
		release_parent_if_last(parent)
	end
end

-- Without a flag the parent goes on waiting; that is BullMQ's design.
local function tell_parent_of_failure(q, id, reason)
	local parent, child = parent_of(q, id), q.base .. id
	if not parent or not (parent.fpof or parent.cpof or parent.idof or parent.rdof) then
		return
	end
	if call('SREM', parent.key .. ':dependencies', child) == 0 then
		return
	end
	if parent.fpof then
		fail_parent(parent, child)
		return
	end
	if parent.cpof or parent.idof then
		call('HSET', parent.key .. ':failed', child, reason)
	end
	if parent.cpof then
		release_parent(parent)
	else
		release_parent_if_last(parent)
	end
end

-- A job that goes for good is nothing that its parent could wait for.
local function leave_parent(q, id)
	local parent = parent_of(q, id)
	if parent and call('SREM', parent.key .. ':dependencies', q.base .. id) == 1 then
		release_parent_if_last(parent)
	end
end
