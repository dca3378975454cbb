/* SPDX-License-Identifier: ISC */
/*
 * Keys with values and versions, and changes of them.
 */
#ifndef FLEET_ENTRIES_H
#define FLEET_ENTRIES_H

#include <stddef.h>
#include <stdint.h>

/* A key and its value.  value is NULL, and version 0, if there is no such key.
 */
struct entry {
	char *key; /* below the service's folder */
	char *value;
	int64_t version;
};

struct entries {
	struct entry *list;
	size_t n;
};

/*
 * One part of a commit: the key must have this version, and is written or
 * deleted then.
 */
enum change_kind { CHANGE_CHECK, CHANGE_PUT, CHANGE_DELETE };
struct change {
	enum change_kind kind;
	const char *key;
	int64_t version;   /* 0: there must be no such key */
	const char *value; /* CHANGE_PUT */
	int64_t written;   /* after COMMITTED: the version it has now */
};

enum committed {
	COMMITTED, /* all of it */
	CONFLICT,  /* nothing, since a version was another one or nobody was
		      reached: read again */
	UNKNOWN,   /* the answer was lost: read again to learn it */
	DENIED,	   /* nothing: the store refuses this user */
};

/* Add a copy.  -1 with errno ENOMEM. */
int entries_add(struct entries *, const char *key, const char *value,
    size_t length, int64_t version);

void entry_fini(struct entry *);
void entries_fini(struct entries *);

#endif
