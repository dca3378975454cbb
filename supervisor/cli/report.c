/* SPDX-License-Identifier: ISC */
/*
 * report: one rollout as a page.  The supervisor tells what it knows of the
 * rollout; of a service that does not run, the files do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "cli/client.h"
#include "cli/client_tell.h"
#include "cli/commands.h"
#include "cli/field.h"
#include "cli/output.h"
#include "cli/report_page.h"
#include "cli/tell.h"
#include "keep/journal.h"
#include "rollout/summary.h"

/* The entries of a file of the state directory; NULL with errno. */
static json_t *
read_file(const char *directory, const char *name, const char **failed)
{
	static char path[PATH_MAX + 16];
	json_t *entries;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	entries = journal_read(path);
	if (entries == NULL && errno != ENOENT)
		*failed = path;
	return entries;
}

/*
 * Read the summary of a service that does not run.  STATUS_UNAVAILABLE, and
 * nothing is told, if it has left nothing.
 */
static int
read_summary(const struct arguments *arguments, json_t **summary)
{
	char directory[PATH_MAX];
	json_t *summaries, *outcomes;
	const char *failed = NULL;

	if (paths_state(arguments->name, directory, false) == -1)
		return STATUS_UNAVAILABLE;
	summaries = read_file(directory, SUMMARY_FILE, &failed);
	if (failed == NULL)
		outcomes = read_file(directory, "history", &failed);
	if (failed != NULL) {
		json_decref(summaries);
		return tell(errno == EACCES ? STATUS_NOPERM : STATUS_SOFTWARE,
		    "%s: %s", failed, strerror(errno));
	}
	*summary = summary_pick(summaries, outcomes, arguments->operand);
	json_decref(summaries);
	json_decref(outcomes);
	if (*summary != NULL)
		return STATUS_OK;
	if (summaries == NULL && outcomes == NULL)
		return STATUS_UNAVAILABLE;
	return tell(STATUS_REFUSED,
	    "%s: no such rollout is known (hotswap "
	    "history %s shows those that are)",
	    arguments->name, arguments->name);
}

static int
ask_summary(const struct arguments *arguments, json_t **summary)
{
	json_t *reply = NULL, *asked = NULL;
	int status;

	if (arguments->operand != NULL)
		asked = json_pack("{ss}", "rollout", arguments->operand);
	status = client_ask(
	    arguments->name, "Report", asked, CLIENT_PROMPT_MS, &reply);
	*summary = json_incref(field_object(reply, "summary"));
	json_decref(reply);
	if (status == STATUS_OK && *summary == NULL)
		return tell(STATUS_SOFTWARE,
		    "the supervisor has sent no summary of the rollout");
	return status;
}

static int
get_summary(const struct arguments *arguments, json_t **summary)
{
	int status = STATUS_UNAVAILABLE;

	if (arguments->name != NULL && client_is_gone(arguments->name))
		status = read_summary(arguments, summary);
	/* If nothing is there at all, the call tells it. */
	if (status == STATUS_UNAVAILABLE)
		status = ask_summary(arguments, summary);
	return status;
}

static int
write_page(const struct arguments *arguments, const json_t *summary)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int status;

	if (out == NULL)
		return tell(STATUS_SOFTWARE, "out of memory");
	report_page(out, summary);
	if (fclose(out) == EOF)
		status = tell(STATUS_SOFTWARE, "out of memory");
	else
		status =
		    output_write(arguments->output, "the report", text, size);
	free(text);
	return status;
}

int
cli_report(const struct arguments *arguments)
{
	json_t *summary = NULL;
	int status;

	if (arguments->output == NULL && isatty(STDOUT_FILENO))
		return output_refuse_terminal();
	if ((status = get_summary(arguments, &summary)) == STATUS_OK)
		status = write_page(arguments, summary);
	json_decref(summary);
	return status;
}
