# shellcheck shell=bash
# Calls of the HTTP API as one user. The caller sets $url, $ca and $token and declares fail MESSAGE, which ends the script.

# `jq … | api_json …` has to set $reply in this shell.
shopt -s lastpipe

# request METHOD URL [CURL_OPTION]...: the answer's body in $reply, its status in $status. A full rate limit is waited out.
request() {
	local answer wait
	while :; do
		answer=$(curl -sS --max-time 150 --cacert "$ca" -H @<(auth_header) -X "$1" "${@:3}" \
			-w '\n%{http_code} %header{retry-after}' "$2" 2>&1) ||
			fail "$1 $2 had no answer: ${answer%%$'\n'*}"
		read -r status wait <<<"${answer##*$'\n'}"
		reply=${answer%$'\n'*}
		[ "$status" = 429 ] || return 0
		sleep "${wait:-1}"
	done
}

# On a pipe instead of the command line, which every user of the machine can read.
auth_header() {
	[ -z "${token:-}" ] || printf 'Authorization: Bearer %s\n' "$token"
}

# api METHOD PATH [CURL_OPTION]...: the same, and fails with the server's own sentence unless the status is a 2xx.
api() {
	request "$1" "$url$2" "${@:3}"
	[[ $status = 2* ]] || fail "$1 $2 answered $status: $(jq -r '.error // .' <<<"$reply" 2>/dev/null || printf '%s' "$reply")"
}

# api_json METHOD PATH: the same with standard input as JSON body.
api_json() {
	api "$1" "$2" -H 'Content-Type: application/json' --data-binary @-
}

# field FILTER: a value of the latest answer.
field() {
	jq -r "$1" <<<"$reply"
}
