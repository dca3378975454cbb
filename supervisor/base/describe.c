/* SPDX-License-Identifier: ISC */
/*
 * Compares an object with the arguments of which another one would be made.
 */
#include "base/describe.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

/* A member of the format, with the argument that belongs to its kind. */
struct member {
	const char *key;
	char kind;
	bool optional;
	json_int_t number;
	const char *text;
	json_t *part;
};

static void
take_value(struct member *member, va_list *args)
{
	switch (member->kind) {
	case 's':
		member->text = va_arg(*args, const char *);
		break;
	case 'i':
	case 'b':
		member->number = va_arg(*args, int);
		break;
	case 'I':
		member->number = va_arg(*args, json_int_t);
		break;
	default:
		assert(member->kind == 'o');
		member->part = va_arg(*args, json_t *);
	}
}

/* Take the next member of the format; false: there is none. */
static bool
take_member(struct member *member, const char **format, va_list *args)
{
	*format += strspn(*format, "{ ");
	if (**format != 's')
		return false;
	*member = (struct member){ .key = va_arg(*args, const char *),
		.kind = (*format)[1],
		.optional = (*format)[2] == '*' };
	take_value(member, args);
	*format += member->optional ? 3 : 2;
	return true;
}

static bool
is_left_out(const struct member *member)
{
	return member->optional && member->text == NULL && member->part == NULL;
}

static bool
has_value(const struct member *member, const json_t *value)
{
	switch (member->kind) {
	case 's':
		return member->text != NULL && json_is_string(value) &&
		    strcmp(member->text, json_string_value(value)) == 0;
	case 'b':
		return json_is_boolean(value) &&
		    json_is_true(value) == (member->number != 0);
	case 'o':
		return member->part == value ||
		    json_equal(member->part, value) == 1;
	default:
		return json_is_integer(value) &&
		    json_integer_value(value) == member->number;
	}
}

static bool
is_same(const json_t *object, const char *format, va_list *args)
{
	json_t *before = (json_t *)object; /* json_object_iter takes no const */
	void *at = json_object_iter(before);
	struct member member;

	while (take_member(&member, &format, args)) {
		if (is_left_out(&member))
			continue;
		if (at == NULL ||
		    strcmp(member.key, json_object_iter_key(at)) != 0 ||
		    !has_value(&member, json_object_iter_value(at)))
			return false;
		at = json_object_iter_next(before, at);
	}
	return json_is_object(before) && at == NULL;
}

static void
release_parts(const char *format, va_list *args)
{
	struct member member;

	while (take_member(&member, &format, args))
		json_decref(member.part);
}

json_t *
describe(const json_t *before, const char *format, ...)
{
	json_t *object = NULL;
	va_list args;

	va_start(args, format);
	if (is_same(before, format, &args))
		object = json_incref((json_t *)before);
	va_end(args);
	va_start(args, format);
	if (object != NULL)
		release_parts(format, &args);
	else
		object = json_vpack_ex(NULL, 0, format, args);
	va_end(args);
	return object;
}

json_t *
describe_copy(const json_t *before, const json_t *json)
{
	if (before != NULL && json_equal(before, json) == 1)
		return json_incref((json_t *)before);
	return json_deep_copy(json);
}
