/* SPDX-License-Identifier: ISC */
/*
 * The text of one message of sd_notify(3): one assignment on each line.  What
 * cannot be read is ignored.
 */
#include "process/notify_message.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A whole number from 0 to max, nothing around it. */
static bool
parse_number(const char *text, int64_t max, int64_t *number)
{
	int64_t value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || value > max)
		return false;
	*number = value;
	return true;
}

/* As in systemd: any ASCII but control characters and the colon. */
static void
parse_name(struct notify_message *message, const char *name)
{
	const char *p;

	for (p = name; *p >= ' ' && *p < 0x7f && *p != ':'; p++)
		continue;
	message->bad_name = *p != '\0' || p - name > NOTIFY_FDNAME_MAX;
	message->fd_name = message->bad_name ? NULL : name;
}

static void
parse_assignment(
    struct notify_message *message, const char *key, const char *value)
{
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
		{ "READY", &message->ready },
		{ "STOPPING", &message->stopping },
		{ "RELOADING", &message->reloading },
		{ "BARRIER", &message->barrier },
		{ "FDSTORE", &message->store },
		{ "FDSTOREREMOVE", &message->store_remove },
	};
	int64_t pid;
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(key, flags[i].key) == 0)
			*flags[i].flag = strcmp(value, "1") == 0;
	}
	if (strcmp(key, "STATUS") == 0)
		message->status = value;
	else if (strcmp(key, "MONOTONIC_USEC") == 0)
		parse_number(value, INT64_MAX, &message->reloading_usec);
	else if (strcmp(key, "EXTEND_TIMEOUT_USEC") == 0)
		parse_number(value, INT64_MAX, &message->extend_usec);
	else if (strcmp(key, "WATCHDOG_USEC") == 0)
		parse_number(value, INT64_MAX / 2, &message->watchdog_usec);
	else if (strcmp(key, "WATCHDOG") == 0) {
		message->watchdog = strcmp(value, "1") == 0;
		message->watchdog_trigger = strcmp(value, "trigger") == 0;
	} else if (strcmp(key, "MAINPID") == 0 &&
	    parse_number(value, INT_MAX, &pid))
		message->main_pid = pid;
	else if (strcmp(key, "FDPOLL") == 0)
		message->keep_hung_up = strcmp(value, "0") == 0;
	else if (strcmp(key, "FDNAME") == 0)
		parse_name(message, value);
}

void
notify_message_parse(struct notify_message *message, char *text)
{
	char *line, *value;

	*message = (struct notify_message){ .reloading_usec = -1,
		.extend_usec = -1,
		.watchdog_usec = -1,
		.sender = message->sender,
		.fds = message->fds,
		.nfds = message->nfds,
		.fds_lost = message->fds_lost,
		.fds_refused = message->fds_refused };
	while ((line = strsep(&text, "\n")) != NULL) {
		if ((value = strchr(line, '=')) == NULL)
			continue;
		*value++ = '\0';
		parse_assignment(message, line, value);
	}
}
