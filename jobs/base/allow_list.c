#include "jobs/base/allow_list.h"

#include <stdio.h>
#include <string.h>

/* 253 characters is what a name in the DNS may have (RFC 1035, 2.3.4). */
enum { ENTRY_SIZE = 256 };

/* Copies the entry at *at, in lower case and without blanks, and moves on; false at the end. */
static bool next_entry(const char **at, char entry[static ENTRY_SIZE])
{
	const char *from = *at + strspn(*at, ", \t");
	size_t len = strcspn(from, ", \t"), n = len < ENTRY_SIZE - 1 ? len : ENTRY_SIZE - 1;
	for (size_t i = 0; i < n; i++)
		entry[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] - 'A' + 'a' : from[i]);
	entry[n] = '\0';
	*at = from + len;
	return len > 0;
}

/* What looks like an address has to be one: 10.0.0 would never match as a name. */
static bool is_numeric(const char *entry)
{
	const char *label = strrchr(entry, '.');
	label = label ? label + 1 : entry;
	return strpbrk(entry, ":/") || label[strspn(label, "0123456789")] == '\0';
}

static struct err *check_entry(const char *entry)
{
	struct address_block block;
	if (is_numeric(entry))
		return address_block_parse(entry, &block)
			       ? NULL
			       : err_new(ERR_INVALID,
					 "\"%s\" is not an address or block such as 10.1.0.0/16 "
					 "or fd00::/8, with nothing set after the prefix",
					 entry);
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	bool is_long = strlen(entry) > ENTRY_SIZE - 3;
	if (is_long || entry[strspn(entry, allowed)] || strstr(entry, ".."))
		return err_new(ERR_INVALID,
			       "\"%s\" is not a host such as nas.lan, or .example.com for all "
			       "hosts below it",
			       entry);
	return NULL;
}

struct err *allow_list_check(const char *list)
{
	char entry[ENTRY_SIZE];
	while (next_entry(&list, entry))
		TRY(check_entry(entry));
	return NULL;
}

/* `host` is the entry, or ends in it where the entry begins with a dot. */
static bool names_host(const char *entry, const char *host, size_t len)
{
	size_t entry_len = strlen(entry);
	bool suffix = *entry == '.' && len > entry_len;
	return suffix ? !strncasecmp(host + len - entry_len, entry, entry_len)
		      : len == entry_len && !strncasecmp(host, entry, len);
}

bool allow_list_has_host(const char *list, const char *host)
{
	char entry[ENTRY_SIZE];
	size_t len = strlen(host);
	if (len > 0 && host[len - 1] == '.')
		len--;
	while (next_entry(&list, entry))
		if (!is_numeric(entry) && names_host(entry, host, len))
			return true;
	return false;
}

bool allow_list_has_address(const char *list, const struct address *a)
{
	char entry[ENTRY_SIZE];
	struct address_block block;
	while (next_entry(&list, entry))
		if (address_block_parse(entry, &block) && address_block_has(&block, a))
			return true;
	return false;
}
