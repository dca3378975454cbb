/* SPDX-License-Identifier: ISC */
/*
 * A warm-up: requests on a few connections that are kept, one after the other
 * on each, until the 95th percentile of the answers' times settles.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "probe/session.h"

#define WINDOW_MIN 100	/* requests of which one percentile is taken */
#define PARTS	   10	/* windows in a whole warm-up */
#define SETTLED	   3	/* windows in a row whose percentiles differ */
#define FACTOR	   1.25 /* by less than this */
#define HOPELESS   20	/* failures at the beginning, without any pass */
#define TURN_MS	   1000

struct warm {
	const struct check *check;
	struct session session;
	CURLM *multi;
	CURL *easy[16];
	unsigned int started, under_way, passed, failed;
	double *window; /* milliseconds */
	size_t in_window, size;
	double p95[SETTLED]; /* of the last windows, the newest first */
	size_t windows;
	char failure[256]; /* the last one */
};

static size_t
ignore(char *data, size_t size, size_t n, void *arg)
{
	return size * n;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
close_window(struct warm *warm)
{
	qsort(warm->window, warm->in_window, sizeof(double), compare);
	memmove(&warm->p95[1], &warm->p95[0],
	    sizeof(warm->p95) - sizeof(warm->p95[0]));
	warm->p95[0] = warm->window[warm->in_window * 95 / 100];
	warm->windows++;
	warm->in_window = 0;
}

static bool
has_settled(const struct warm *warm)
{
	double least = warm->p95[0], most = warm->p95[0];
	size_t i;

	for (i = 1; i < SETTLED; i++) {
		least = MIN(least, warm->p95[i]);
		most = MAX(most, warm->p95[i]);
	}
	return warm->windows >= SETTLED && most <= FACTOR * least;
}

static bool
is_over(const struct warm *warm)
{
	return warm->started >= warm->check->warm || has_settled(warm) ||
	    (warm->passed == 0 && warm->failed >= HOPELESS);
}

static void
start_next(struct warm *warm, CURL *easy)
{
	long left = check_left_ms(warm->check);

	if (left <= 0 || is_over(warm))
		return;
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left);
	if (curl_multi_add_handle(warm->multi, easy) == CURLM_OK) {
		warm->started++;
		warm->under_way++;
	}
}

static void
take_result(struct warm *warm, CURL *easy, CURLcode code)
{
	curl_off_t usec = 0;
	long status = 0, error = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &usec);
	if (code == CURLE_OK && status >= 200 && status <= 399) {
		warm->passed++;
		warm->window[warm->in_window++] = usec / 1000.0;
		if (warm->in_window == warm->size)
			close_window(warm);
		return;
	}
	/* At the end of the time what is under way is no failure. */
	if (code == CURLE_OPERATION_TIMEDOUT)
		return;
	warm->failed++;
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
	if (status != 0)
		snprintf(warm->failure, sizeof(warm->failure), "answered %ld",
		    status);
	else
		snprintf(warm->failure, sizeof(warm->failure), "%s",
		    error != 0 ? session_errno((int)error)
			       : curl_easy_strerror(code));
}

static void
take_results(struct warm *warm)
{
	CURLMsg *message;
	CURLcode code;
	CURL *easy;
	int left;

	while ((message = curl_multi_info_read(warm->multi, &left)) != NULL) {
		easy = message->easy_handle;
		code = message->data.result;
		take_result(warm, easy, code);
		curl_multi_remove_handle(warm->multi, easy);
		warm->under_way--;
		start_next(warm, easy);
	}
}

static void
run(struct warm *warm)
{
	unsigned int i;
	int running;

	for (i = 0; i < warm->check->parallel; i++)
		start_next(warm, warm->easy[i]);
	while (warm->under_way > 0) {
		if (curl_multi_perform(warm->multi, &running) != CURLM_OK ||
		    (running > 0 &&
			curl_multi_poll(warm->multi, NULL, 0, TURN_MS, NULL) !=
			    CURLM_OK))
			break;
		take_results(warm);
	}
}

/* -1: out of memory. */
static int
set_up(struct warm *warm)
{
	unsigned int i;

	warm->size = MAX(WINDOW_MIN, warm->check->warm / PARTS);
	warm->window = calloc(warm->size, sizeof(double));
	warm->multi = curl_multi_init();
	if (warm->window == NULL || warm->multi == NULL)
		return -1;
	curl_easy_setopt(warm->session.curl, CURLOPT_WRITEFUNCTION, ignore);
	for (i = 0; i < warm->check->parallel; i++) {
		warm->easy[i] = curl_easy_duphandle(warm->session.curl);
		if (warm->easy[i] == NULL)
			return -1;
	}
	return 0;
}

static void
conclude(struct warm *warm, struct verdict *verdict)
{
	if (warm->windows == 0 && warm->in_window > 0)
		close_window(warm);
	if (warm->passed == 0)
		verdict_set(verdict, CHECK_FAILED,
		    "warm-up: no request of %u has passed%s%s", warm->started,
		    warm->failed > 0 ? ": " : "", warm->failure);
	else
		verdict_set(verdict, CHECK_PASSED,
		    "%u requests, %u failed, 95 of 100 answered within "
		    "%.1f ms%s",
		    warm->passed + warm->failed, warm->failed, warm->p95[0],
		    has_settled(warm) ? ", which has settled" : "");
}

static void
tear_down(struct warm *warm)
{
	unsigned int i;

	for (i = 0; i < warm->check->parallel; i++) {
		if (warm->easy[i] == NULL)
			continue;
		curl_multi_remove_handle(warm->multi, warm->easy[i]);
		curl_easy_cleanup(warm->easy[i]);
	}
	curl_multi_cleanup(warm->multi);
	free(warm->window);
}

void
check_warm(const struct check *check, struct verdict *verdict)
{
	struct warm warm = { .check = check };

	if (session_open(&warm.session, check, check->text, NULL, verdict) ==
	    0) {
		if (set_up(&warm) == -1) {
			verdict_set(verdict, CHECK_FAILED, "out of memory");
		} else {
			run(&warm);
			conclude(&warm, verdict);
		}
		tear_down(&warm);
	}
	session_close(&warm.session);
}
