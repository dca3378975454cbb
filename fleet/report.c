/* SPDX-License-Identifier: ISC */
/*
 * report: one rollout of the fleet as a page, from the history, or as far as it
 * is.
 */
#include "fleet/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/field.h"
#include "cli/output.h"
#include "cli/tell.h"
#include "fleet/command.h"
#include "fleet/show.h"
#include "fleet/tally.h"
#include "fleet/view.h"

/* What the store has of the rollout; each may be NULL. */
struct found {
	json_t *outcome;
	json_t *of;
};

/* The outcome of rollout n in the history, *new* in *outcome; NULL: none. */
static int
read_past(struct store *store, int64_t n, json_t **outcome)
{
	struct entry entry;
	char key[40];

	snprintf(key, sizeof(key), "history/%" PRId64, n);
	if (store_read(store, key, &entry) == -1)
		return -1;
	*outcome =
	    entry.value != NULL ? json_loads(entry.value, 0, NULL) : NULL;
	entry_fini(&entry);
	return 0;
}

/* The newest rollout: its hosts are those of now. */
static void
describe_newest(const struct view *view, struct found *found)
{
	json_t *past = found->outcome;
	char *record = rollout_format(&view->rollout);

	if (record != NULL)
		found->of = json_loads(record, 0, NULL);
	free(record);
	/* After a resume the outcome is that of the attempt before. */
	if (past == NULL || view->rollout.state == FLEET_RUNNING) {
		found->outcome = tally_outcome(view, "", 0);
		json_decref(past);
	}
	json_object_set_new(found->outcome, "times", tally_times(view));
}

static int
find(struct fleet_arguments *a, struct store *store, struct found *found)
{
	int64_t n = a->number;
	struct view view;
	int status = STATUS_OK;

	if (view_read(&view, store) == -1) {
		status = show_tell_store(a, store);
		goto out;
	}
	if (n == 0)
		n = view.rollout.n;
	if (n != 0 && read_past(store, n, &found->outcome) == -1)
		status = show_tell_store(a, store);
	else if (n != 0 && n == view.rollout.n)
		describe_newest(&view, found);
	if (status == STATUS_OK && found->outcome == NULL)
		status = n == 0
		    ? tell(STATUS_REFUSED, "%s: there was no rollout yet",
			  a->service)
		    : tell(STATUS_REFUSED,
			  "%s: rollout %" PRId64 " is not known (hotswap "
			  "fleet history %s shows those that are)",
			  a->service, n, a->service);
out:
	view_fini(&view);
	return status;
}

int
fleet_report(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	struct found found = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out;
	int status;

	if (a->output == NULL && isatty(STDOUT_FILENO))
		return output_refuse_terminal();
	if ((status = find(a, store, &found)) == STATUS_OK) {
		if ((out = open_memstream(&text, &size)) == NULL)
			status = tell(STATUS_SOFTWARE, "out of memory");
		else
			report_fleet(out, a->service, found.outcome, found.of);
		if (out != NULL && fclose(out) == EOF)
			status = tell(STATUS_SOFTWARE, "out of memory");
	}
	if (status == STATUS_OK)
		status = output_write(a->output, "the report", text, size);
	free(text);
	json_decref(found.outcome);
	json_decref(found.of);
	return status;
}
