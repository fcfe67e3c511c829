-- ARGV: id, row, how many rows to keep (0 for all). Returns 0, or -1 where there is no such job.
local id, row, keep = ARGV[3], ARGV[4], tonumber(ARGV[5])
if not is_job(queue, id) then
	return -1
end
local logs = queue.base .. id .. ':logs'
call('RPUSH', logs, row)
if keep > 0 then
	call('LTRIM', logs, -keep, -1)
end
return 0
