/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's identity, for a process that takes over later.
 */
#include "core/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "core/held.h"
#include "keep/store.h"

void
life_put_host(char buf[static LIFE_HOST])
{
	char *boot, namespace[48] = "";

	boot = fd_read_file("/proc/sys/kernel/random/boot_id", 64, NULL);
	if (readlink("/proc/self/ns/pid", namespace, sizeof(namespace) - 1) ==
	    -1)
	namespace[0] = '\0';
	snprintf(
	    buf, LIFE_HOST, "%.36s %s", boot != NULL ? boot : "", namespace);
	free(boot);
}

static json_t *
describe_process(pid_t pid)
{
	unsigned long long start;

	proc_start_time(pid, &start);
	return json_pack(
	    "{si sI}", "pid", (int)pid, "start", (json_int_t)start);
}

json_t *
life_describe(const struct service *service)
{
	struct store *store = held_store((struct service *)service);
	char host[LIFE_HOST];

	life_put_host(host);
	return json_pack("{ss so so*}", "host", host, "supervisor",
	    describe_process(getpid()), "keeper",
	    store_keeper(store) != 0 ? describe_process(store_keeper(store))
				     : NULL);
}

json_t *
life_save(const struct service *service, const json_t *life)
{
	json_t *saved = json_copy((json_t *)life);

	if (saved == NULL ||
	    store_save(held_store((struct service *)service), saved) == 0)
		return saved;
	json_decref(saved);
	return NULL;
}

pid_t
life_pid(const json_t *process, const char *key)
{
	unsigned long long now;
	json_int_t start;
	int pid;

	if (process == NULL ||
	    json_unpack((json_t *)process, "{si sI}", key, &pid, "start",
		&start) == -1 ||
	    pid == 0 || proc_start_time(pid, &now) == -1 ||
	    now != (unsigned long long)start)
		return 0;
	return pid;
}
