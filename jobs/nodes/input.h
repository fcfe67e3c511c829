/* What reaches a node from upstream, and how its text fields refer to it. */
#pragma once
#include "jobs/base/buf.h"
#include "jobs/base/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* True for NULL, and for text of nothing but spaces, tabs and line ends. */
bool input_is_blank(const char *text);

/* The single upstream value, or the object of all by source where there are several; borrowed. */
struct json_object *input_value(struct json_object *inputs);

/*
 * The first upstream text: a value that is a string, or has a string `text`; where there is none,
 * a `text` one level down, else a string there, but for what a trigger gives. Borrowed; NULL where
 * there is none.
 */
const char *input_text(struct json_object *inputs);

/*
 * What a reference names: `input`, the upstream text where there is one, else input_value;
 * `input.path`, inside of input_value; `<nodeId>.path`, inside of what that source gave. *ret is
 * borrowed, and NULL for a null. *ret_rest is the part of the reference that does not exist, ""
 * where all of it does; *ret is then what was reached. ERR_INVALID where no such node feeds this
 * one.
 */
must_check struct err *input_find(struct json_object *inputs, const char *reference,
				  struct json_object **ret, const char **ret_rest);

/* The reference in a {{…}} with that inside, without the blanks around it; the caller frees it. */
char *input_reference(const char *inside, size_t len) __attribute__((returns_nonnull));

/*
 * `text` with each {{reference}} replaced by what input_find finds: a string as it is, a null by
 * nothing, anything else as JSON. What was put in is not looked through again. A "{{" that is not
 * closed, or has a backslash before it (which is dropped), stays. The caller frees *ret.
 * ERR_INVALID for a reference to what does not exist, ERR_TOO_LARGE past 16 MiB.
 */
must_check struct err *input_fill(const char *text, struct json_object *inputs, char **ret);

/* The same where what is put in has to be escaped: `add` appends it so. */
typedef void input_adder(struct buf *b, const char *value);
must_check struct err *input_fill_by(input_adder *add, const char *text, struct json_object *inputs,
				     char **ret);

/*
 * A copy of `template` with every string in it filled as by input_fill, so that no value can break
 * out of its place; names of members stay as they are. The limit holds for all the strings
 * together. The caller owns *ret.
 */
must_check struct err *input_fill_json(struct json_object *template, struct json_object *inputs,
				       struct json_object **ret);
