# shellcheck shell=bash
# Long-running parts of a stack: each is one session of its own, known by its name. $dir is the stack's folder;
# pids/NAME there holds "PID START", and log/NAME.log what the part said.

# A command prefix that gives root's rights away; set by run_unprivileged.
as_user=()

# Parts started by root run as this user, and "$dir" belongs to root.
run_unprivileged() {
	as_user=(env "HOME=$dir" setpriv "--reuid=$1" "--regid=$1" --init-groups --)
}

# The tick after boot at which a process began. With its pid it names a process for good: a pid is given out again,
# exec and renaming change the command's name. Nothing for a process that is gone or only waits to be reaped.
process_start() {
	local stat fields
	# Nothing is read when the process goes away in between.
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	read -ra fields <<<"${stat##*) }"
	[ "${fields[0]}" != Z ] || return 1
	printf '%s' "${fields[19]}"
}

# The pid of a part that runs; fails when it does not.
part_pid() {
	local pid start found
	read -r pid start 2>/dev/null <"$dir/pids/$1" || return 1
	found=$(process_start "$pid") || return 1
	[ "$found" = "$start" ] || return 1
	printf '%s' "$pid"
}

part_runs() {
	part_pid "$1" >/dev/null
}

# launch NAME COMMAND...: in the background, without a tie to this terminal, as the unprivileged user.
launch() {
	launch_as_caller "$1" "${as_user[@]}" "${@:2}"
}

launch_as_caller() {
	local name=$1 pid
	shift
	: >"$dir/log/$name.log"
	(cd "$dir" && exec setsid "$@") </dev/null >>"$dir/log/$name.log" 2>&1 &
	pid=$!
	printf '%s %s\n' "$pid" "$(process_start "$pid")" >"$dir/pids/$name"
}

# wait_until SECONDS COMMAND...: true as soon as the command is; false when the time is over.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

# wait_for NAME SECONDS COMMAND...: the same, but gives up at once when the part has ended.
wait_for() {
	local name=$1 seconds=$2
	shift 2
	wait_until "$seconds" part_answers_or_ended "$name" "$@" && part_runs "$name"
}

part_answers_or_ended() {
	local name=$1
	shift
	! part_runs "$name" || "$@"
}

part_ended() {
	! part_runs "$1"
}

# part_stop NAME SIGNAL SECONDS: asks, waits, and ends the whole session when that does not help.
part_stop() {
	local name=$1 pid
	if pid=$(part_pid "$name"); then
		kill "-$2" "$pid" 2>/dev/null || true
		wait_until "$3" part_ended "$name" || kill -KILL -- "-$pid" 2>/dev/null || true
	fi
	rm -f "$dir/pids/$name"
}

port_taken() {
	(: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A loopback port that nobody listens on. Chosen at random, so that two stacks starting together rarely meet.
free_port() {
	local port
	for _ in {1..100}; do
		port=$((20000 + RANDOM % 12000))
		port_taken $port || break
	done
	printf '%s' $port
}
