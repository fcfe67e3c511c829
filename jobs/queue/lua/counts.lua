-- Returns the lengths of the containers, then whether the queue is paused.
local counts = {}
for _, name in ipairs({ 'wait', 'paused', 'active' }) do
	counts[#counts + 1] = call('LLEN', queue.base .. name)
end
for _, name in ipairs({ 'prioritized', 'delayed', 'waiting-children', 'completed', 'failed' }) do
	counts[#counts + 1] = call('ZCARD', queue.base .. name)
end
counts[#counts + 1] = queue.paused and 1 or 0
return counts
