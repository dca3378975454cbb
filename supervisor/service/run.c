/* SPDX-License-Identifier: ISC */
/*
 * The service: starts, runs the loop, and ends when the last of its generations
 * has ended.
 */
#include "service/run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/kernel_fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/partner.h"
#include "base/paths.h"
#include "base/status.h"
#include "base/strings.h"
#include "config/options.h"
#include "control/control.h"
#include "control/methods.h"
#include "control/pid_file.h"
#include "control/pidfiles.h"
#include "control/reexec.h"
#include "control/signals.h"
#include "core/events.h"
#include "core/held.h"
#include "core/manager.h"
#include "core/mark.h"
#include "core/report.h"
#include "core/service.h"
#include "generation/closing.h"
#include "generation/prune.h"
#include "generation/helper.h"
#include "generation/output.h"
#include "generation/roster.h"
#include "generation/steering_kind.h"
#include "generation/stored.h"
#include "process/prober.h"
#include "process/reaper.h"
#include "process/tree.h"
#include "rollout/actions.h"
#include "rollout/summary.h"
#include "rollout/hooks.h"
#include "rollout/request.h"
#include "service/name_lock.h"
#include "service/recovery.h"
#include "service/runtime_files.h"

/* What exists as long as run_service runs. */
struct run {
	struct service service;
	int lock;
	struct pid_file *pidfile;
	struct runtime_files *files;
};

static void
orphan_ended(pid_t pid, int status, void *arg)
{
	log_debug("process %d ended", pid);
}

int
run_prepare(struct service *service)
{
	TAILQ_INIT(&service->generations);
	service->report_fd = -1;
	if ((service->base = loop_new()) == NULL ||
	    (service->events = events_new()) == NULL ||
	    stored_open(service) == -1 || reexec_open(service) == -1 ||
	    output_prepare(service) == -1)
		return -1;
	return actions_open(service);
}

/* START: each function returns an exit status, after a log line. */

/* Report a failure in the log and to the process that waits for the start. */
static int __attribute__((format(printf, 3, 4)))
fail(struct service *service, int status, const char *fmt, ...)
{
	char why[PID_FILE_WHY + 256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	log_error("%s", why);
	report_start(service, false, why);
	return status;
}

static int
open_places(struct run *run)
{
	struct service *service = &run->service;
	const char *name = service->options->name;
	char path[PATH_MAX + 16];

	if (paths_runtime(service->runtime, true) == -1) {
		return fail(service, STATUS_NOPERM, "runtime directory %s: %s",
		    service->runtime,
		    errno == EPERM ? "it cannot be trusted: it is a symbolic "
				     "link, belongs to another user, or others "
				     "may write to it"
				   : strerror(errno));
	}
	if (paths_state(name, service->state, true) == -1) {
		if (errno == EPERM)
			return fail(service, STATUS_NOPERM,
			    "state directory %s: it cannot be trusted: it is a "
			    "symbolic link, or others can write to it or "
			    "change where it leads",
			    service->state);
		log_warn("state directory %s: %s: images and history are not "
			 "kept",
		    service->state, strerror(errno));
	}
	snprintf(path, sizeof(path), "%s/images", service->state);
	mkdir(path, 0711);
	snprintf(path, sizeof(path), "%s/history", service->state);
	service->journal = journal_open(path, 0);
	snprintf(path, sizeof(path), "%s/" SUMMARY_FILE, service->state);
	service->summaries = journal_open(path, SUMMARY_LIMIT);
	return service->journal != NULL && service->summaries != NULL
	    ? STATUS_OK
	    : fail(service, STATUS_SOFTWARE, "%s: %s", path, strerror(errno));
}

static int
take_name(struct run *run)
{
	char why[1024];
	int status;

	status = name_lock_take(&run->service, &run->lock, why, sizeof(why));
	return status == STATUS_OK ? status
				   : fail(&run->service, status, "%s", why);
}

/* Those of a supervisor that was taken over go on as well. */
static int
open_events(struct run *run)
{
	events_open(&run->service);
	return STATUS_OK;
}

static int
open_control(struct run *run)
{
	struct service *service = &run->service;
	const char *group = service->options->control_group;
	char path[PATH_MAX];

	if (group != NULL && getgrnam(group) == NULL)
		return fail(service, STATUS_CONFIG,
		    "--control-group: there is no group %s", group);
	if (paths_control(service->options->name, path) == 0)
		service->control = control_new(service, path, group,
		    held_take(service, "control", 0), methods_call);
	if (service->control == NULL)
		return fail(service, STATUS_NOPERM, "control socket %s: %s",
		    path, strerror(errno));
	held_put(service, "control", 0, control_fd(service->control));
	return STATUS_OK;
}

static int
write_pidfile(struct run *run)
{
	struct service *service = &run->service;
	const char *path = service->options->pidfile;
	char why[PID_FILE_WHY];
	pid_t other = 0;

	if (path == NULL)
		return STATUS_OK;
	if ((run->pidfile = pid_file_new(path, service->options)) == NULL)
		return fail(service, STATUS_CONFIG, "--pidfile %s: %s", path,
		    strerror(errno));
	/* The file gets the service's PID, which may be the keeper's. */
	if (pid_file_claim(run->pidfile, held_pid(service),
		recovery_is_first(service), &other, why, sizeof(why)) == 0)
		return STATUS_OK;
	pid_file_free(run->pidfile);
	run->pidfile = NULL;
	if (other != 0)
		return fail(service, STATUS_REFUSED,
		    "--pidfile %s: the file already belongs to process %d",
		    path, other);
	return fail(service, STATUS_CONFIG, "--pidfile %s", why);
}

/* After --pidfile: its FILE.oldbin may be another supervisor's. */
static int
open_pidfiles(struct run *run)
{
	struct service *service = &run->service;

	if ((service->pidfiles = pidfiles_new(service)) != NULL)
		return STATUS_OK;
	return fail(service, STATUS_SOFTWARE, "pid files: %s", strerror(errno));
}

/* With it, a closed socket's accept queue goes to others of its group. */
static void
migrate_queued(const struct options *options)
{
	static const char path[] = "/proc/sys/net/ipv4/tcp_migrate_req";
	int fd;

	if (!options->migrate_queued)
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || fd_write_all(fd, "1\n", 2) == -1)
		log_warn("--migrate-queued: %s: %s", path, strerror(errno));
	else if (kernel_fault_migrate())
		log_warn("--migrate-queued: needs Linux 5.14");
	fd_close(&fd);
}

static int
watch_signals(struct run *run)
{
	struct service *service = &run->service;

	if ((service->signals = signals_new(service)) == NULL)
		return fail(
		    service, STATUS_SOFTWARE, "signals: %s", strerror(errno));
	return STATUS_OK;
}

static int
open_listeners(struct run *run)
{
	struct service *service = &run->service;
	char why[RELEASE_WHY];
	const char *key;

	if (steering_kind_choose(service, why, sizeof(why)) == -1) {
		if (recovery_is_first(service))
			return fail(service, STATUS_CONFIG, "%s", why);
		log_error("%s; classic BPF programs go on", why);
	}
	if (!recovery_is_first(service) && recovery_restore(service) == -1)
		return STATUS_SOFTWARE;
	/* Nothing runs, or a build without marks has started what runs. */
	if (service->mark[0] == '\0')
		mark_renew(service);
	if (!recovery_is_first(service))
		return STATUS_OK;
	tree_set_first();
	if (roster_open(&run->service, why, sizeof(why)) == 0 &&
	    request_check_options(
		service, service->options, &key, why, sizeof(why)) == 0)
		return STATUS_OK;
	return fail(&run->service, STATUS_CONFIG, "%s", why);
}

static int
begin_loop(struct run *run)
{
	struct service *service = &run->service;

	if (reaper_init(service->base, orphan_ended, service) == -1)
		return fail(service, STATUS_SOFTWARE, "event loop: %s",
		    strerror(errno));
	if ((service->hooks = hooks_new(service)) == NULL)
		return fail(
		    service, STATUS_SOFTWARE, "hooks: %s", strerror(errno));
	return STATUS_OK;
}

static int
open_output(struct run *run)
{
	struct service *service = &run->service;
	char why[256];

	if (output_open(service, why, sizeof(why)) == 0)
		return STATUS_OK;
	return fail(service, STATUS_SOFTWARE, "output of the program: %s", why);
}

static int
open_manager(struct run *run)
{
	struct service *service = &run->service;

	if ((service->manager = manager_new(service)) != NULL)
		return STATUS_OK;
	return fail(service, STATUS_SOFTWARE, "watchdog: %s", strerror(errno));
}

static int
watch_files(struct run *run)
{
	run->files = runtime_files_new(&run->service, &run->lock);
	if (run->files != NULL)
		return STATUS_OK;
	return fail(&run->service, STATUS_SOFTWARE, "runtime directory %s: %s",
	    run->service.runtime, strerror(errno));
}

/* The generations' pid files come after the generations are restored. */
static int (*const steps[])(struct run *) = { begin_loop, open_places,
	take_name, open_events, watch_signals, open_control, write_pidfile,
	open_listeners, open_output, open_pidfiles, open_manager, watch_files };

static int
come_up(struct run *run)
{
	int status = STATUS_OK;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if ((status = steps[i](run)) != STATUS_OK)
			break;
	}
	return status;
}

static void
remove_pidfile(struct run *run)
{
	char why[PID_FILE_WHY];

	if (run->pidfile != NULL &&
	    pid_file_put(run->pidfile, 0, why, sizeof(why)) == -1)
		log_warn("--pidfile %s", why);
	pid_file_free(run->pidfile);
}

static void
go_down(struct run *run)
{
	struct service *service = &run->service;
	struct generation *generation;

	runtime_files_free(run->files);
	manager_free(service->manager);
	service->manager = NULL;
	reexec_close(service);
	control_free(service->control);
	hooks_free(service->hooks);
	while ((generation = TAILQ_FIRST(&service->generations)) != NULL)
		generation_free(generation);
	prune_stop(service);
	stored_close(service);
	roster_close(service);
	pidfiles_free(service->pidfiles);
	remove_pidfile(run);
	signals_free(service->signals);
	actions_close(service);
	journal_close(service->journal);
	journal_close(service->summaries);
	events_free(service->events);
	output_close(service);
	prober_stop();
	reaper_fini();
	recovery_close(service);
	/* Then the peers, by deferred callbacks: they find the name free. */
	name_lock_release(&run->lock);
	if (service->base != NULL) {
		event_base_loop(service->base, EVLOOP_NONBLOCK);
		event_base_free(service->base);
	}
	strings_free(service->program);
	free(service->exe);
	json_decref(service->last);
	helper_forget_user(service);
	options_free(service->options);
}

/* The keeper tries again, or after an adoption the user decides. */
static int
leave(struct service *service, int status)
{
	if (!service->adopted)
		return status;
	recovery_yield(service);
	return fail(service, STATUS_REFUSED,
	    "the programs of \"%s\" that run cannot be taken over, and are "
	    "left as they are",
	    service->options->name);
}

/*
 * Run until all has ended.  -1: the loop itself has failed, and what runs goes
 * on without this process.
 */
static int
run_loop(struct service *service)
{
	if (!service->ended)
		event_base_dispatch(service->base);
	if (service->ended)
		return 0;
	log_error("the loop has failed (%s): this supervisor ends, and stops "
		  "nothing",
	    strerror(errno));
	return -1;
}

int
run_service(const json_t *first)
{
	struct run run = { .lock = -1 };
	struct service *service = &run.service;
	int status;

	limits_raise();
	if (run_prepare(service) == -1) {
		log_error("%s", strerror(errno));
		return STATUS_SOFTWARE;
	}
	if (recovery_open(service, first) == -1)
		return STATUS_SOFTWARE;
	log_open(service->options->name, service->options->log_format);
	log_bound(service->options->log_max);
	partner_start();
	service->report_fd = held_take(service, "report", 0);
	status = come_up(&run);
	/* What a predecessor has left is not stopped. */
	if (status != STATUS_OK && !recovery_is_first(service))
		return leave(service, status);
	if (status == STATUS_OK) {
		migrate_queued(service->options);
		recovery_begin(service);
		if (run_loop(service) == -1)
			return STATUS_SOFTWARE;
		status = service->exit_status;
		report_start(service, false, "stopped before it served");
	}
	recovery_end(service);
	go_down(&run);
	foreign_leave();
	return status;
}
