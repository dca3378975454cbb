/* SPDX-License-Identifier: ISC */
/*
 * The fleet's configuration file, checked key by key.
 */
#include "fleet/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "fleet/names.h"

#define CONF_PATH "/etc/hotswap/fleet.conf"
#define CONF_MAX  65536

enum kind { TEXT, TEXTS, SECONDS };

static const struct {
	const char *key;
	enum kind kind;
	size_t offset;
} rows[] = {
	{ "engine", TEXT, offsetof(struct conf, engine) },
	{ "endpoints", TEXTS, offsetof(struct conf, endpoints) },
	{ "ca", TEXT, offsetof(struct conf, ca) },
	{ "certificate", TEXT, offsetof(struct conf, certificate) },
	{ "key", TEXT, offsetof(struct conf, key) },
	{ "user", TEXT, offsetof(struct conf, user) },
	{ "password", TEXT, offsetof(struct conf, password) },
	{ "host", TEXT, offsetof(struct conf, host) },
	{ "lease", SECONDS, offsetof(struct conf, lease_s) },
};

static bool
are_texts(const json_t *list)
{
	const json_t *text;
	size_t i;

	json_array_foreach (list, i, text)
		if (!json_is_string(text))
			return false;
	return json_array_size(list) > 0;
}

/* Set the member of the row; NULL, or what the key must be instead. */
static const char *
set_member(struct conf *conf, size_t row, const json_t *value)
{
	char *member = (char *)conf + rows[row].offset;
	json_int_t seconds;

	switch (rows[row].kind) {
	case TEXT:
		if (!json_is_string(value))
			return "a string";
		*(const char **)member = json_string_value(value);
		return NULL;
	case TEXTS:
		if (!are_texts(value))
			return "a list of strings";
		*(const json_t **)member = value;
		return NULL;
	case SECONDS:
		seconds = json_integer_value(value);
		if (seconds < 2 || seconds > 3600)
			return "a number of seconds from 2 to 3600";
		*(unsigned int *)member = (unsigned int)seconds;
		return NULL;
	}
	return "known";
}

static int
take_keys(struct conf *conf, char *why, size_t size)
{
	const char *key, *wants;
	json_t *value;
	size_t i;

	json_object_foreach (conf->document, key, value) {
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (strcmp(rows[i].key, key) == 0)
				break;
		if (i == sizeof(rows) / sizeof(rows[0])) {
			snprintf(why, size, "unknown key \"%s\"", key);
			return -1;
		}
		if ((wants = set_member(conf, i, value)) != NULL) {
			snprintf(why, size, "\"%s\" must be %s", key, wants);
			return -1;
		}
	}
	return 0;
}

static int
check(struct conf *conf, char *why, size_t size)
{
	static char name[NAMES_MAX + 2];

	if (conf->engine == NULL || conf->endpoints == NULL) {
		snprintf(why, size, "\"%s\" is missing",
		    conf->engine == NULL ? "engine" : "endpoints");
		return -1;
	}
	if (conf->host == NULL && gethostname(name, sizeof(name) - 1) == 0)
		conf->host = name;
	if (conf->host == NULL || !names_is_valid(conf->host)) {
		snprintf(why, size,
		    "\"host\" must be 1 to %d of the characters A-Z a-z 0-9 . "
		    "_ + -, and begin with a letter or digit",
		    NAMES_MAX);
		return -1;
	}
	if ((conf->user == NULL) != (conf->password == NULL)) {
		snprintf(why, size, "\"user\" and \"password\" go together");
		return -1;
	}
	return 0;
}

static int
load(struct conf *conf, const char *path, char *why, size_t size)
{
	json_error_t error;
	struct stat st;
	char *text;
	int fd = fd_open_regular(path);

	if (fd == -1 || fstat(fd, &st) == -1) {
		snprintf(why, size, "%s", strerror(errno));
		fd_close(&fd);
		return -1;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0 ||
	    (st.st_uid != geteuid() && st.st_uid != 0)) {
		snprintf(why, size,
		    "others can read or write it: it must be its user's "
		    "alone, `chmod 600` does that");
		fd_close(&fd);
		return -1;
	}
	text = fd_read_whole(fd, CONF_MAX, NULL);
	fd_close(&fd);
	if (text == NULL) {
		snprintf(why, size, "%s", strerror(errno));
		return -1;
	}
	conf->document = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (json_is_object(conf->document))
		return 0;
	snprintf(why, size, "line %d: %s", error.line,
	    conf->document != NULL ? "one JSON object is expected"
				   : error.text);
	return -1;
}

int
conf_read(struct conf *conf, char *why, size_t size)
{
	const char *path = getenv("HOTSWAP_FLEET_CONF");
	char fault[256];

	if (path == NULL)
		path = CONF_PATH;
	*conf = (struct conf){ .lease_s = CONF_LEASE_S };
	if (load(conf, path, fault, sizeof(fault)) == 0 &&
	    take_keys(conf, fault, sizeof(fault)) == 0 &&
	    check(conf, fault, sizeof(fault)) == 0)
		return 0;
	snprintf(why, size, "%s: %s", path, fault);
	conf_fini(conf);
	return -1;
}

void
conf_fini(struct conf *conf)
{
	json_decref(conf->document);
	conf->document = NULL;
}
