-- ARGV: token, lock in ms, worker's name or "". Returns what take_next does.
return take_next(ARGV[3], ARGV[4], ARGV[5])
