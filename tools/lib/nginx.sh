# shellcheck shell=bash
# Fills the @NAME@ places of nginx/*.in.

declare -A site_values=()

# Takes one NAME=VALUE; a later one wins.
site_set() {
	[[ $1 =~ ^([A-Z0-9_]+)=(.*)$ ]] || die "'$1' is not of the form NAME=VALUE"
	site_values[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
}

# Takes every NAME=VALUE line of a file; blank lines and lines that begin with # are skipped.
site_load() {
	local line
	while IFS= read -r line; do
		case $line in
		'' | '#'*) ;;
		*) site_set "$line" ;;
		esac
	done <"$1"
}

# site_expand TEMPLATE TARGET
site_expand() {
	local name text
	text=$(<"$1")
	for name in "${!site_values[@]}"; do
		text=${text//"@$name@"/"${site_values[$name]}"}
	done
	[[ ! $text =~ @[A-Z0-9_]+@ ]] || die "$1: nothing was given for ${BASH_REMATCH[0]}"
	printf '%s\n' "$text" >"$2"
}

# What an origin of the comma-separated list looks like, as a regular expression.
cors_pattern() {
	sed -E 's/[][\.*+?(){}|^$]/\\&/g; s/ *, */|/g; s/^ +| +$//g' <<<"${site_values[CORS_ORIGIN]}"
}

# site_write SOURCES TARGET: the site and its snippets, ready for nginx.
site_write() {
	local file
	mkdir -p "$2/site.d"
	site_set "CORS_PATTERN=$(cors_pattern)"
	for file in "$1"/*.in; do
		site_expand "$file" "$2/$(basename "$file" .in)"
	done
	cp "$1"/*.conf "$2/"
}
