/* SPDX-License-Identifier: ISC */
/*
 * Examining a build.  The examined build answers with its last line; any other
 * end of it means that it cannot take over.
 */
#include "control/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/status.h"
#include "base/version.h"
#include "core/service.h"
#include "core/state.h"
#include "process/command.h"
#include "process/elf.h"
#include "process/image.h"
#include "process/reaper.h"

#define EXAMINE_MS 5000
#define WHY_MAX	   1024

struct examination {
	struct service *service;
	char *file; /* as it was asked for */
	struct image_job *job;
	struct image *image;
	struct command *command;
	int checkpoint; /* a copy of the checkpoint */
	examine_done *done;
	void *arg;
};

static void
examination_free(struct examination *examination)
{
	image_unref(examination->image);
	fd_close(&examination->checkpoint);
	free(examination->file);
	free(examination);
}

static void
examine_refuse(struct examination *examination, const char *cause)
{
	char why[WHY_MAX];

	snprintf(why, sizeof(why), "%s %s", examination->file, cause);
	examination->done(NULL, NULL, why, examination->arg);
	examination_free(examination);
}

static void
answered(const struct command_result *result, void *arg)
{
	struct examination *examination = arg;
	const char *line = result->last_line;
	char how[REAPER_DESCRIBE], cause[WHY_MAX - 256];

	examination->command = NULL;
	if (result->failed != NULL) {
		image_explain(
		    examination->file, result->error, cause, sizeof(cause));
		examine_refuse(examination, cause);
		return;
	}
	if (result->status == 0 &&
	    strncmp(line, EXAMINE_ANSWER, strlen(EXAMINE_ANSWER)) == 0) {
		examination->done(examination->image,
		    line + strlen(EXAMINE_ANSWER), NULL, examination->arg);
		examination_free(examination);
		return;
	}
	reaper_describe(result->status, how, sizeof(how));
	if (result->timed_out)
		snprintf(cause, sizeof(cause),
		    "cannot take over: its examination did not end within %d "
		    "s",
		    EXAMINE_MS / 1000);
	else if (result->status == 0)
		snprintf(cause, sizeof(cause),
		    "is not hotswap, or is a hotswap that cannot take over");
	else
		snprintf(cause, sizeof(cause),
		    "cannot take over: its examination %s%s%s%s",
		    WIFSIGNALED(result->status) ? "was " : "", how,
		    line[0] != '\0' ? ": " : "", line);
	examine_refuse(examination, cause);
}

/*
 * Run the file by our descriptor, since its path may lead to another file by
 * now.
 */
static void
examine_ask(struct examination *examination)
{
	char program[64], checkpoint[64];
	const char *const argv[] = { program, EXAMINE_OPTION, checkpoint,
		NULL };
	const struct command_spec spec = { .argv = argv,
		.directory_fd = -1,
		.umask = -1,
		.timeout_ms = EXAMINE_MS };

	examination->checkpoint = state_snapshot(examination->service);
	snprintf(program, sizeof(program), "/proc/%d/fd/%d", getpid(),
	    examination->image->program.fd);
	snprintf(checkpoint, sizeof(checkpoint), "/proc/%d/fd/%d", getpid(),
	    examination->checkpoint);
	if (examination->checkpoint != -1)
		examination->command = command_start(
		    examination->service->base, &spec, answered, examination);
	if (examination->command != NULL)
		return;
	examine_refuse(examination, strerror(errno));
}

static bool
is_program(const struct image *image)
{
	char path[64];
	struct elf elf;
	int fd;
	bool is;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", image->program.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	is = fd != -1 && elf_read(&elf, fd) == 0 && elf.is_program;
	fd_close(&fd);
	return is;
}

static void
found(struct image *image, const char *why, void *arg)
{
	struct examination *examination = arg;

	examination->job = NULL;
	examination->image = image;
	if (image == NULL) {
		examination->done(NULL, NULL, why, examination->arg);
		examination_free(examination);
	} else if (image->program.fd == -1)
		examine_refuse(
		    examination, "changed while it was being examined");
	else if (!is_program(image))
		examine_refuse(examination, "is not a program file (ELF)");
	else
		examine_ask(examination);
}

struct examination *
examine_begin(
    struct service *service, const char *file, examine_done *done, void *arg)
{
	struct examination *examination = calloc(1, sizeof(*examination));
	char *argv[] = { (char *)file, NULL };
	struct image_spec spec = { .argv = argv, .umask = -1 };

	if (examination == NULL)
		return NULL;
	*examination = (struct examination){ .service = service,
		.file = strdup(file),
		.checkpoint = -1,
		.done = done,
		.arg = arg };
	if (examination->file != NULL)
		examination->job = image_prepare(
		    service->base, &spec, NULL, found, examination);
	if (examination->job != NULL)
		return examination;
	examination_free(examination);
	return NULL;
}

void
examine_cancel(struct examination *examination)
{
	if (examination->job != NULL)
		image_cancel(examination->job);
	if (examination->command != NULL)
		command_cancel(examination->command);
	examination_free(examination);
}
