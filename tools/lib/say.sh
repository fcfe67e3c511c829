# shellcheck shell=bash
# What the scripts say, and how they stop.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' green='' red='' plain=''
fi

# One line an argument.
say() {
	printf '%s\n' "$@"
}

die() {
	printf '%s\n' "${red}${0##*/}: $*${plain}" >&2
	exit 1
}

# The text of a script's own head comment, as its --help.
usage() {
	sed -n '2,/^[^#]/{ s/^# \{0,1\}//p }' "$0"
}

wrong_usage() {
	printf '%s\n' "${0##*/}: $*" "Try '${0##*/} --help'." >&2
	exit 64
}

# Milliseconds on the wall clock.
now_ms() {
	local now=${EPOCHREALTIME/[.,]/}
	printf '%s' "${now%???}"
}

# "1.2 s" since the given now_ms.
since() {
	local ms=$(($(now_ms) - $1))
	printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# row MARK TEXT NOTE: a line of a table. (printf's own padding counts bytes, not characters.)
row() {
	printf '%s %s%*s  %s\n' "$1" "$2" $((${#2} < 48 ? 48 - ${#2} : 0)) '' "${dim}$3${plain}"
}

# stage TEXT START_MS: a finished stage and the time it took.
stage() {
	row "${green}✓${plain}" "$1" "$(since "$2")"
}

# TEXT as a JSON string, where jq may be what is missing.
json_string() {
	local text=${1//[[:cntrl:]]/ }
	text=${text//\\/\\\\}
	printf '"%s"' "${text//\"/\\\"}"
}
