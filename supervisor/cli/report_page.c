/* SPDX-License-Identifier: ISC */
/*
 * The page about a rollout: how it ended and why, what it was meant to do, and
 * the sections.
 */
#include "cli/report_page.h"

#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/param.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/version.h"
#include "cli/field.h"

long long
report_total(const json_t *summary)
{
	const json_t *phase;
	long long sum = 0;
	size_t i;

	json_array_foreach (field_list(summary, "phases"), i, phase)
		if (strcmp(field_string(phase, "phase"), "pause") != 0)
			sum += field_number(phase, "ms");
	sum = MAX(sum, field_number(summary, "duration_ms"));
	return MAX(sum, 1);
}

void
report_said(char buf[static REPORT_SAID], const json_t *object, const char *key)
{
	strlcpy(buf, field_string(object, key), REPORT_SAID);
	secret_hide(buf);
}

void
report_person(char buf[static REPORT_PERSON], const json_t *asked)
{
	const json_t *uid = json_object_get(asked, "uid");
	const char *how = field_string(asked, "how");
	const struct passwd *user = NULL;

	if (how[0] == '\0') {
		strlcpy(buf, "hotswap itself", REPORT_PERSON);
		return;
	}
	if (!json_is_integer(uid)) {
		snprintf(buf, REPORT_PERSON, "%s", how);
		return;
	}
	user = getpwuid((uid_t)json_integer_value(uid));
	if (user != NULL)
		snprintf(buf, REPORT_PERSON, "%s (%s)", user->pw_name, how);
	else
		snprintf(buf, REPORT_PERSON, "user %lld (%s)",
		    (long long)json_integer_value(uid), how);
}

/* How it ended, in the page's words. */
struct ending {
	const char *result;
	const char *badge;
	const char *look; /* good, bad, going */
	const char *why;  /* the title of the reason */
};

static const struct ending *
find_ending(const json_t *summary)
{
	static const struct ending on_request = { "rolled-back", "Rolled back",
		"good", "Why" };
	static const struct ending endings[] = {
		{ "promoted", "Promoted", "good", "Why" },
		{ "aborted", "Aborted", "bad", "Why it was aborted" },
		{ "rolled-back", "Taken back", "bad", "Why it was taken back" },
		{ "", "Under way", "going", "So far" },
	};
	const char *result = field_string(summary, "result");
	size_t i = 0;

	/* A rollback that was asked for has reached what it was to reach. */
	if (strcmp(result, "rolled-back") == 0 &&
	    strcmp(field_string(field_object(summary, "plan"), "kind"),
		"rollback") == 0)
		return &on_request;
	while (i + 1 < sizeof(endings) / sizeof(endings[0]) &&
	    strcmp(result, endings[i].result) != 0)
		i++;
	return &endings[i];
}

/* Why it went well, where nobody has given a reason. */
static void
put_success(struct page *page, const json_t *summary)
{
	const json_t *plan = field_object(summary, "plan");
	long long made = field_number(summary, "checks_made");
	long long failed = field_number(summary, "checks_failed");
	char bake[PAGE_TIME];

	page_round_time(bake, field_number(plan, "bake_ms"));
	if (made > 0 && failed == 0)
		page_put(page, "All %lld checks passed", made);
	else if (made > 0)
		page_put(page,
		    "%lld of %lld checks failed, but fewer than %lld in a row",
		    failed, made, (long long)field_number(plan, "failures"));
	else
		page_put(page, "No failure was seen");
	if (field_number(plan, "bake_ms") > 0)
		page_put(page,
		    ", and the bake time of %s passed without a failure", bake);
	page_put(page, ".");
}

static void
put_reason(
    struct page *page, const json_t *summary, const struct ending *ending)
{
	char reason[REPORT_SAID];
	bool promoted = strcmp(ending->result, "promoted") == 0;

	report_said(reason, summary, "reason");
	if (reason[0] == '\0' && !promoted)
		return;
	page_put(page, "<p class=\"why %s\"><strong>%s</strong>", ending->look,
	    ending->why);
	if (reason[0] != '\0')
		page_put(page, "%s", reason);
	else
		put_success(page, summary);
	page_put(page, "</p>\n");
}

/* One sentence: what serves, and what goes on. */
static void
put_lead(struct page *page, const json_t *summary)
{
	long long serves = field_number(summary, "serves");
	const json_t *phases = field_list(summary, "phases");
	const json_t *last =
	    json_array_get(phases, json_array_size(phases) - 1);

	page_put(page, "<p class=\"lead\">");
	if (serves != 0)
		page_put(page, "Generation %lld serves", serves);
	else
		page_put(page, "Nothing serves");
	if (field_string(summary, "result")[0] != '\0')
		page_put(page, ".");
	else
		page_put(page, "; the rollout is %s, in the phase “%s”.",
		    field_string(summary, "state"),
		    field_string(last, "phase"));
	page_put(page, "</p>\n");
}

static void
put_header(struct page *page, const json_t *summary)
{
	const struct ending *ending = find_ending(summary);
	long long from = field_number(summary, "from");
	long long to = field_number(summary, "to");

	page_put(page,
	    "<header><p class=\"kicker\">Rollout report</p>\n<h1>%s: ",
	    field_string(summary, "name"));
	if (to != 0)
		page_put(page, "generation %lld → %lld</h1>\n", from, to);
	else
		page_put(page, "from generation %lld</h1>\n", from);
	page_put(page, "<p class=\"badge %s\">%s</p>\n", ending->look,
	    ending->badge);
	put_lead(page, summary);
	page_put(page, "</header>\n");
	put_reason(page, summary, ending);
}

/* PLAN */

static void
put_fact(struct page *page, const char *name, const char *value)
{
	if (value[0] != '\0')
		page_put(page, "<li><span>%s</span> %s</li>\n", name, value);
}

/* `5, 25 % for 30 s each, then a bake time of 1 min 0 s` */
static void
describe_plan(const json_t *plan, char *text, size_t size)
{
	const json_t *share;
	char number[16], time[PAGE_TIME];
	size_t i;

	text[0] = '\0';
	json_array_foreach (field_list(plan, "canary"), i, share) {
		snprintf(number, sizeof(number), "%s%lld", i > 0 ? ", " : "",
		    (long long)json_integer_value(share));
		strlcat(text, number, size);
	}
	if (text[0] != '\0') {
		page_round_time(time, field_number(plan, "step_ms"));
		strlcat(text, " % for ", size);
		strlcat(text, time, size);
		strlcat(text, " each, then ", size);
	}
	page_round_time(time, field_number(plan, "bake_ms"));
	strlcat(text, "100 %, bake time ", size);
	strlcat(text, time, size);
	if (strcmp(field_string(plan, "strategy"), "exclusive") == 0)
		strlcat(text, ", one generation at a time", size);
}

static void
put_facts(struct page *page, const json_t *summary)
{
	const json_t *plan = field_object(summary, "plan");
	const json_t *first = json_array_get(field_list(summary, "asked"), 0);
	char text[256], time[PAGE_TIME], person[REPORT_PERSON];

	page_put(page,
	    "<section aria-label=\"The rollout\">\n<ul class=\"facts\">\n");
	page_stamp(time, field_string(summary, "started"));
	put_fact(page, "Started", time);
	page_time(text, field_number(summary, "duration_ms"));
	put_fact(page,
	    field_string(summary, "result")[0] != '\0' ? "Took" : "So far",
	    text);
	put_fact(page, "Kind", field_string(plan, "kind"));
	if (first != NULL) {
		report_person(person, first);
		put_fact(page, "Asked for by", person);
	}
	if (plan != NULL) {
		describe_plan(plan, text, sizeof(text));
		put_fact(page, "Plan", text);
	}
	put_fact(page, "ID", field_string(summary, "id"));
	page_put(page, "</ul>\n");
	if (plan == NULL)
		page_put(page,
		    "<p class=\"note\">Only the outcome of this rollout is "
		    "kept: its checks and events are kept for the newest "
		    "rollouts alone.</p>\n");
	page_put(page, "</section>\n");
}

/* PROGRAMS */

/* What the live generation does, if this summary was told by a supervisor. */
static const json_t *
find_live(const json_t *summary, json_int_t number)
{
	const json_t *live;
	size_t i;

	json_array_foreach (field_list(summary, "now"), i, live)
		if (field_number(live, "generation") == number)
			return live;
	return NULL;
}

static void
put_program(struct page *page, const json_t *summary, const json_t *image)
{
	json_int_t number = field_number(image, "generation");
	const json_t *live = find_live(summary, number);
	json_int_t connections = field_number(live, "connections");
	char time[PAGE_TIME];

	page_stamp(time, field_string(image, "started"));
	page_put(page,
	    "<tr><td class=\"t\" data-label=\"Generation\">%lld</td>"
	    "<td data-label=\"Program\"><code>%s</code></td>"
	    "<td data-label=\"SHA-256\"><code>%.12s</code></td>"
	    "<td data-label=\"Started\">%s</td>",
	    (long long)number, field_string(image, "program"),
	    field_string(image, "sha256"), time);
	page_put(page, "<td class=\"n\" data-label=\"Restarts\">%lld</td>",
	    (long long)field_number(image, "restarts"));
	if (live == NULL)
		page_put(page, "<td data-label=\"Now\">%s</td></tr>\n",
		    json_object_get(summary, "now") != NULL ? "does not run"
							    : "not known");
	else if (connections < 0)
		page_put(page, "<td data-label=\"Now\">%s</td></tr>\n",
		    field_string(live, "role"));
	else
		page_put(page,
		    "<td data-label=\"Now\">%s, %lld open "
		    "connections</td></tr>\n",
		    field_string(live, "role"), (long long)connections);
}

static void
put_programs(struct page *page, const json_t *summary)
{
	const json_t *images = field_list(summary, "images"), *image;
	size_t i;

	if (json_array_size(images) == 0)
		return;
	page_put(page,
	    "<section>\n<h2>Programs</h2>\n<table class=\"wide\">\n<thead>"
	    "<tr><th scope=\"col\">Generation</th><th scope=\"col\">Program"
	    "</th><th scope=\"col\">SHA-256</th><th scope=\"col\">Started"
	    "</th><th scope=\"col\" class=\"n\">Restarts</th>"
	    "<th scope=\"col\">Now</th></tr></thead>\n<tbody>\n");
	json_array_foreach (images, i, image)
		put_program(page, summary, image);
	page_put(page, "</tbody></table>\n</section>\n");
}

static void
put_footer(struct page *page, const json_t *summary)
{
	char stamp[CLOCK_STAMP], time[PAGE_TIME];
	const char *version = field_string(summary, "hotswap");

	clock_stamp(stamp);
	page_stamp(time, stamp);
	page_put(page,
	    "<footer><p>Made by <code>hotswap report</code>, version %s, at "
	    "%s.",
	    version_text, time);
	if (version[0] != '\0' && strcmp(version, version_text) != 0)
		page_put(page, " Recorded by hotswap %s.", version);
	page_put(page,
	    " Times are UTC. This page has no script and loads "
	    "nothing.</p></footer>\n");
}

void
report_page(FILE *out, const json_t *summary)
{
	struct page page;
	char title[256];

	snprintf(title, sizeof(title), "%.200s: rollout of %.24s",
	    field_string(summary, "name"), field_string(summary, "started"));
	page_begin(&page, out, title);
	put_header(&page, summary);
	put_facts(&page, summary);
	report_line(&page, summary);
	report_traffic(&page, summary);
	report_checks(&page, summary);
	report_events(&page, summary);
	put_programs(&page, summary);
	put_footer(&page, summary);
	page_end(&page);
}
