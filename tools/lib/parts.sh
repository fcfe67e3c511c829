# shellcheck shell=bash
# The parts of a stack, in the order in which they start. Each function starts one part, waits until it answers, and
# exports what the programs have to know of it. What the environment already names is used and not started.

# Parts and how to stop them: the signal, and the seconds after which patience ends. (PostgreSQL's TERM would wait for
# clients to leave; multiwatch lets each responder finish its request; the runner its steps.)
PARTS=(postgres redis elevenlabs azure openai anthropic pool runner nginx)
declare -A stop_signal=([postgres]=INT [redis]=TERM [elevenlabs]=TERM [azure]=TERM [openai]=TERM [anthropic]=TERM
	[pool]=TERM [runner]=TERM [nginx]=TERM)
declare -A patience=([postgres]=30 [redis]=10 [elevenlabs]=5 [azure]=5 [openai]=5 [anthropic]=5
	[pool]=45 [runner]=60 [nginx]=10)

stop_all() {
	local i name
	for ((i = ${#PARTS[@]} - 1; i >= 0; i--)); do
		name=${PARTS[i]}
		part_stop "$name" "${stop_signal[$name]}" "${patience[$name]}"
	done
}

# part_failed NAME ADVICE: says what is known. The stack is taken down by the exit trap.
part_failed() {
	{
		say "${red}$1 did not start.${plain} The end of $dir/log/$1.log:"
		tail -n 15 "$dir/log/$1.log" | sed 's/^/  | /'
		say "$2"
	} >&2
	exit 1
}

start_postgres() {
	[ -z "${DATABASE_URL:-}" ] || return 0
	local bin data=$dir/data/postgres
	bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
	[ -n "$bin" ] || die "PostgreSQL is not installed. Run tools/deps demo, or set DATABASE_URL to a database."
	unset "${!PG@}"
	if [ ! -s "$data/PG_VERSION" ]; then
		"${as_user[@]}" "$bin/initdb" -D "$data" -U voiceover -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
			>"$dir/log/postgres.log" 2>&1 || part_failed postgres "Remove $data and try again."
	fi
	launch postgres "$bin/postgres" -D "$data" -c listen_addresses= -c "unix_socket_directories=$run"
	wait_for postgres 60 "$bin/pg_isready" -q -h "$run" -U voiceover -d postgres ||
		part_failed postgres "If its data does not matter, remove $data and try again."
	psql -XqAt -h "$run" -U voiceover postgres -c "SELECT 1 FROM pg_database WHERE datname = 'voiceover'" | grep -q 1 ||
		createdb -h "$run" -U voiceover voiceover
	export DATABASE_URL
	DATABASE_URL="postgresql:///voiceover?host=$(jq -rn --arg path "$run" '$path | @uri')&user=voiceover"
}

start_redis() {
	if [ "$use_redis" = no ]; then
		unset REDIS_URL
		return
	fi
	[ -z "${REDIS_URL:-}" ] || return 0
	ports[redis]=$(free_port)
	launch redis redis-server --bind 127.0.0.1 --port "${ports[redis]}" --dir "$dir/data/redis" \
		--appendonly yes --maxmemory-policy noeviction
	wait_for redis 20 redis-cli -p "${ports[redis]}" ping ||
		part_failed redis "If its data does not matter, remove $dir/data/redis and try again."
	export REDIS_URL=redis://127.0.0.1:${ports[redis]}
}

migrate() {
	local log=$dir/log/migrate.log
	"$dir/app/bin/voiceoverctl" migrate >"$log" 2>&1 && return
	part_failed migrate "The database could not be brought up to date. Mend what the log says, and try again."
}

# start_simulator PART KEY_VARIABLE URL_VARIABLE
start_simulator() {
	[ -z "${!2:-}${!3:-}" ] || return 0
	launch "$1" node "$dir/app/tests/sim/$1.js" --port 0
	wait_for "$1" 20 grep -q '"url"' "$dir/log/$1.log" ||
		part_failed "$1" "It is a Node.js program, tests/sim/$1.js. Is the installed Node.js ($(node --version)) recent enough?"
	simulators[$1]=$(grep -m 1 '"url"' "$dir/log/$1.log" | jq -r .url)
	export "$3=${simulators[$1]}"
}

# The stand-in itself is a part of nginx.
use_storage() {
	if [ -n "${S3_BUCKET:-}" ]; then
		media_origin=$(grep -oE '^https?://[^/]+' <<<"${S3_ENDPOINT:-https://*.amazonaws.com}") ||
			die "S3_ENDPOINT must begin with http:// or https://, not be '$S3_ENDPOINT'."
		return
	fi
	ports[s3]=$(free_port)
	media_origin=http://127.0.0.1:${ports[s3]}
	export S3_BUCKET=voiceover S3_ENDPOINT=$media_origin S3_REGION=us-east-1 S3_FORCE_PATH_STYLE=true
	export S3_ACCESS_KEY_ID=demo-access-key S3_SECRET_ACCESS_KEY=demo-secret-key-of-no-account
	export S3_PUBLIC_BASE_URL=${S3_PUBLIC_BASE_URL:-$url/media}
}

# is_listening SOCKET: the file is there a moment before the kernel takes connections (proc(5): flag __SO_ACCEPTCON).
is_listening() {
	awk -v path=" $1" '$4 == "00010000" && substr($0, length($0) - length(path) + 1) == path { found = 1 }
		END { exit !found }' /proc/net/unix
}

start_pool() {
	rm -f "$run/fcgi.sock"
	launch pool spawn-fcgi -n -s "$run/fcgi.sock" -M 0660 -b 4096 -- \
		"$(command -v multiwatch)" -f "$pool_size" -r 1000000 -- "$dir/app/bin/voiceover-fcgi"
	wait_for pool 10 is_listening "$run/fcgi.sock" || part_failed pool "Look whether another process holds $run/fcgi.sock."
}

# Without Redis the responders run the workflows themselves.
start_runner() {
	[ "$use_runner" = yes ] && [ -n "${REDIS_URL:-}" ] || return 0
	launch runner "$dir/app/bin/voiceover-jobs"
}

start_nginx() {
	write_nginx_conf
	# Its master opens certificates and logs, and gives root's rights away for its workers itself.
	launch_as_caller nginx nginx -c "$dir/nginx/nginx.conf" -e "$dir/log/nginx.log"
	wait_for nginx 10 port_taken "$port" || part_failed nginx "Look whether the ports $port and $http_port are free."
}

write_nginx_conf() {
	local conf=$dir/nginx
	rm -rf "$conf"
	mkdir -p "$conf/demo.d"
	site_load "$root/nginx/site.env"
	site_load "$root/nginx/limits.env"
	[ "$use_limits" = yes ] || site_load "$root/nginx/limits-off.env"
	site_set "SERVER_NAME=localhost"
	site_set "HTTPS_LISTEN=$(listen "$port" ' ssl http2')"
	site_set "HTTP_LISTEN=$(listen "$http_port")"
	site_set "HTTPS_PORT_SUFFIX=:$port"
	site_set "CERTIFICATE=$dir/tls/cert.pem"
	site_set "CERTIFICATE_KEY=$dir/tls/key.pem"
	site_set "CONF_DIR=$conf"
	site_set "WWW_ROOT=$dir/app/www"
	site_set "STATE_DIR=$dir/data/nginx"
	site_set "LOG_DIR=$dir/log"
	site_set "RUN_DIR=$run"
	site_set "FCGI_SOCKET=$run/fcgi.sock"
	site_set "MEDIA_ORIGIN=$media_origin"
	site_set "CORS_ORIGIN=${CORS_ORIGIN:-}"
	site_set "USER_DIRECTIVE=${user:+user $user;}"
	site_set "S3_PORT=${ports[s3]:-}"
	site_set "S3_ROOT=$dir/data/s3"
	site_write "$root/nginx" "$conf"
	site_expand "$root/nginx/demo/nginx.conf.in" "$conf/nginx.conf"
	[ -n "${ports[s3]:-}" ] || return 0
	site_expand "$root/nginx/demo/s3.conf.in" "$conf/demo.d/s3.conf"
	site_expand "$root/nginx/demo/media.conf.in" "$conf/site.d/media.conf"
}

# listen PORT [OPTIONS]: the directives for loopback, IPv6 only where there is one.
listen() {
	printf 'listen 127.0.0.1:%s;' "$1${2:-}"
	! grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null || printf ' listen [::1]:%s;' "$1${2:-}"
}
