call('HDEL', queue.base .. 'meta', 'paused')
queue.paused = false
merge_paused(queue)
if call('LLEN', queue.base .. 'wait') + call('ZCARD', queue.base .. 'prioritized') > 0 then
	wake(queue)
else
	wake_when_due(queue)
end
emit(queue, 'resumed')
return 0
