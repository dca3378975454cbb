/* SPDX-License-Identifier: ISC */
/*
 * One table of members for each record drives reading and writing, so that both
 * agree.  A value comes from a store that others write, so everything is
 * checked: kind, range, length and characters.
 */
#include "fleet/records.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/time.h>

#include "base/memory.h"

enum member_kind { NUMBER, TRUTH, TEXT, ADDRESS, NAME, WORD, NAMES };

struct member {
	const char *key;
	enum member_kind kind;
	size_t offset, size;	  /* of TEXT and NAME */
	const char *const *words; /* WORD: in the order of the enum */
};

#define NUMBER_MAX (1LL << 53)

static const char *const kinds[] = { "upgrade", "rollback", NULL };
static const char *const states[] = { "running", "done", "halted", NULL };
static const char *const steps[] = { "idle", "granted", "claimed", "promoted",
	"failed", "not-begun", "absent", NULL };

#define AT(record, name) \
	offsetof(struct record, name), sizeof(((struct record *)0)->name)

static const struct member rollout_members[] = {
	{ "n", NUMBER, AT(rollout, n), NULL },
	{ "attempt", NUMBER, AT(rollout, attempt), NULL },
	{ "token", NAME, AT(rollout, token), NULL },
	{ "kind", WORD, AT(rollout, kind), kinds },
	{ "release", NAME, AT(rollout, release), NULL },
	{ "sha256", NAME, AT(rollout, sha256), NULL },
	{ "first", NUMBER, AT(rollout, first), NULL },
	{ "soak_ms", NUMBER, AT(rollout, soak_ms), NULL },
	{ "at_once", NUMBER, AT(rollout, at_once), NULL },
	{ "percent", TRUTH, AT(rollout, percent), NULL },
	{ "failures", NUMBER, AT(rollout, failures), NULL },
	{ "absent", NUMBER, AT(rollout, absent), NULL },
	{ "lost_ms", NUMBER, AT(rollout, lost_ms), NULL },
	{ "state", WORD, AT(rollout, state), states },
	{ "by", TEXT, AT(rollout, by), NULL },
	{ "started", TEXT, AT(rollout, started), NULL },
	{ NULL, NUMBER, 0, 0, NULL },
};

static const struct member halt_members[] = {
	{ "n", NUMBER, AT(halt, n), NULL },
	{ "set", TRUTH, AT(halt, set), NULL },
	{ "by", TEXT, AT(halt, by), NULL },
	{ "why", TEXT, AT(halt, why), NULL },
	{ "failed", NAMES, AT(halt, failed), NULL },
	{ NULL, NUMBER, 0, 0, NULL },
};

static const struct member host_members[] = {
	{ "n", NUMBER, AT(host, n), NULL },
	{ "attempt", NUMBER, AT(host, attempt), NULL },
	{ "step", WORD, AT(host, step), steps },
	{ "release", NAME, AT(host, release), NULL },
	{ "was", NAME, AT(host, was), NULL },
	{ "target", NAME, AT(host, target), NULL },
	{ "back", TRUTH, AT(host, back), NULL },
	{ "from", NUMBER, AT(host, from), NULL },
	{ "serves", TRUTH, AT(host, serves), NULL },
	{ "address", ADDRESS, AT(host, address), NULL },
	{ "reason", TEXT, AT(host, reason), NULL },
	{ "since", NUMBER, AT(host, since), NULL },
	{ "took_ms", NUMBER, AT(host, took_ms), NULL },
	{ NULL, NUMBER, 0, 0, NULL },
};

static bool
take_word(const char *const *words, const char *text, unsigned int *index)
{
	unsigned int i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) != 0)
			continue;
		*index = i;
		return true;
	}
	return false;
}

static bool
are_names(const json_t *list)
{
	const json_t *name;
	size_t i;

	json_array_foreach (list, i, name)
		if (!json_is_string(name) ||
		    !names_is_valid(json_string_value(name)))
			return false;
	return json_is_array(list);
}

bool
records_is_address(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._:%[]-";

	return strlen(text) < RECORDS_TEXT &&
	    strspn(text, allowed) == strlen(text);
}

/* What a terminal would obey is shown as question marks. */
static void
disarm(char *text)
{
	unsigned char *c;

	for (c = (unsigned char *)text; *c != '\0'; c++) {
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
		/* U+0080 to U+009F */
		if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
			c[0] = c[1] = '?';
	}
}

static bool
take_member(const struct member *member, void *record, json_t *value)
{
	void *slot = (char *)record + member->offset;
	const char *text = json_string_value(value);
	json_int_t number = json_integer_value(value);

	switch (member->kind) {
	case NUMBER:
		*(int64_t *)slot = number;
		return json_is_integer(value) && number >= 0 &&
		    number <= NUMBER_MAX;
	case TRUTH:
		*(bool *)slot = json_is_true(value);
		return json_is_boolean(value);
	case NAME:
		if (text == NULL || (text[0] != '\0' && !names_is_valid(text)))
			return false;
		return strlcpy(slot, text, member->size) < member->size;
	case ADDRESS:
		if (text == NULL || !records_is_address(text))
			return false;
		/* FALLTHROUGH */
	case TEXT:
		if (text == NULL ||
		    strlcpy(slot, text, member->size) >= member->size)
			return false;
		disarm(slot);
		return true;
	case WORD:
		return text != NULL && take_word(member->words, text, slot);
	case NAMES:
		*(json_t **)slot = json_incref(value);
		return are_names(value);
	}
	return false;
}

static int
parse(const struct member *members, void *record, const char *value)
{
	json_t *object = json_loads(value, 0, NULL);
	const struct member *member;
	bool good = json_is_object(object);

	for (member = members; good && member->key != NULL; member++)
		good = take_member(
		    member, record, json_object_get(object, member->key));
	json_decref(object);
	if (!good)
		errno = EBADMSG;
	return good ? 0 : -1;
}

/* A text that was cut, or is a path, may be no UTF-8. */
static json_t *
text_json(const char *text)
{
	char copy[RECORDS_TEXT];
	json_t *json;
	char *c;

	strlcpy(copy, text, sizeof(copy));
	disarm(copy);
	if ((json = json_string(copy)) != NULL)
		return json;
	for (c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(copy);
}

static json_t *
member_json(const struct member *member, const void *record)
{
	const void *slot = (const char *)record + member->offset;

	switch (member->kind) {
	case NUMBER:
		return json_integer(*(const int64_t *)slot);
	case TRUTH:
		return json_boolean(*(const bool *)slot);
	case NAME:
	case ADDRESS:
	case TEXT:
		return text_json(slot);
	case WORD:
		return json_string(member->words[*(const unsigned int *)slot]);
	case NAMES:
		return *(json_t *const *)slot != NULL
		    ? json_incref(*(json_t *const *)slot)
		    : json_array();
	}
	return NULL;
}

static char *
format(const struct member *members, const void *record)
{
	json_t *object = json_object();
	const struct member *member;
	char *text;

	for (member = members; member->key != NULL; member++)
		json_object_set_new(
		    object, member->key, member_json(member, record));
	text = memory_text(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

int
rollout_parse(struct rollout *rollout, const char *value)
{
	memset(rollout, 0, sizeof(*rollout));
	return parse(rollout_members, rollout, value);
}

int
halt_parse(struct halt *halt, const char *value)
{
	memset(halt, 0, sizeof(*halt));
	if (parse(halt_members, halt, value) == 0)
		return 0;
	halt_fini(halt);
	return -1;
}

void
halt_fini(struct halt *halt)
{
	json_decref(halt->failed);
	halt->failed = NULL;
}

int
host_parse(struct host *host, const char *value)
{
	memset(host, 0, sizeof(*host));
	return parse(host_members, host, value);
}

char *
rollout_format(const struct rollout *rollout)
{
	return format(rollout_members, rollout);
}

char *
halt_format(const struct halt *halt)
{
	return format(halt_members, halt);
}

char *
host_format(const struct host *host)
{
	return format(host_members, host);
}

const char *
step_name(enum step step)
{
	return steps[step];
}

const char *
fleet_state_name(enum fleet_state state)
{
	return states[state];
}

int64_t
rollout_width(const struct rollout *rollout, size_t hosts)
{
	int64_t width = rollout->at_once;

	if (rollout->percent)
		width =
		    ((int64_t)hosts * MIN(rollout->at_once, 100) + 99) / 100;
	return width > 0 ? width : 1;
}

int64_t
records_now(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
}
