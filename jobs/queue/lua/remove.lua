-- Removes a job wherever it is. ARGV: id. Returns 0; -1 where there is no such job; -8 where a
-- worker holds it, or it belongs to a flow or a scheduler.
local id = ARGV[3]
local key = queue.base .. id
local sorted_sets = { 'completed', 'failed', 'delayed', 'prioritized', 'waiting-children' }
local lists = { 'wait', 'paused', 'active' }

local function take_out()
	for _, name in ipairs(sorted_sets) do
		if call('ZREM', queue.base .. name, id) == 1 then
			return name
		end
	end
	for _, name in ipairs(lists) do
		if call('LREM', queue.base .. name, 1, id) == 1 then
			return name
		end
	end
	return 'unknown'
end

local function release_duplicates()
	local deduplication = call('HGET', key, 'deid')
	if not deduplication then
		return
	end
	local owner = queue.base .. 'de:' .. deduplication
	local successor = queue.base .. 'dn:' .. deduplication
	if call('GET', owner) == id then
		call('DEL', owner, successor)
	end
end

-- Without it the scheduler would make no further jobs.
local function is_next_of_scheduler()
	local scheduler = call('HGET', key, 'rjk')
	local due = scheduler and call('ZSCORE', queue.base .. 'repeat', scheduler)
	return due and id == 'repeat:' .. scheduler .. ':' .. due
end

if call('EXISTS', key .. ':lock') == 1 then
	return -8
end
if not is_job(queue, id) then
	return -1
end
if is_next_of_scheduler() or call('HEXISTS', key, 'parentKey') == 1 or
	call('EXISTS', key .. ':dependencies', key .. ':processed') > 0 then
	return -8
end
local container = take_out()
release_duplicates()
purge(queue, id)
emit(queue, 'removed', 'jobId', id, 'prev', container)
return 0
