call('HSET', queue.base .. 'meta', 'paused', 1)
if queue.is_5 then
	merge_paused(queue)
	if call('EXISTS', queue.base .. 'wait') == 1 then
		call('RENAME', queue.base .. 'wait', queue.base .. 'paused')
	end
end
call('DEL', queue.base .. 'marker')
emit(queue, 'paused')
return 0
