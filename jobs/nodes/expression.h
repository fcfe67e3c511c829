/*
 * Conditions over what reaches a node: {{input.score}} > 5 && {{input.lang}} == "en".
 *
 *	either  = both { "||" both }
 *	both    = test { "&&" test }
 *	test    = operand [ ( "==" | "!=" | ">" | ">=" | "<" | "<=" | "contains" ) operand ]
 *	operand = "!" operand | "(" either ")" | "{{" reference "}}" | literal
 *
 * A literal is a text in double or single quotes (\n, \t, and \ before any other character for
 * that character), a JSON number, true, false or null. A reference is a value, never text that is
 * read as part of the condition; what a node did not give is null. What decides is in value.h: the
 * comparisons, and value_is_true for operands of !, && and ||, whose results are booleans. The
 * right side of && and || only counts, and only has to exist, where the left does not decide.
 */
#pragma once
#include "jobs/base/err.h"

#include <json-c/json.h>
#include <stdbool.h>

enum { EXPRESSION_MAX_DEPTH = 50 }; /* of parentheses and "!", one inside the other */

/*
 * Whether the condition holds. ERR_INVALID where it cannot be read, with the place counted in
 * characters from 1, or refers to a node that does not feed this one.
 */
must_check struct err *expression_test(const char *text, struct json_object *inputs, bool *ret);
