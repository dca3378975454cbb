/* SPDX-License-Identifier: ISC */
/*
 * The model of a group, compared with an array that behaves as the kernel's,
 * for every arrangement of a few sockets and every order of departures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "traffic/group.h"

#define MOST 6

/* The array as the kernel keeps it. */
struct kernel {
	int fds[MOST * 2];
	size_t n;
};

static void
kernel_remove(struct kernel *k, int fd)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (k->fds[i] == fd)
			break;
	assert_true(i < k->n);
	k->fds[i] = k->fds[--k->n];
}

/*
 * Make a group from a word: K and H are keepers of two generations, L is
 * leaving, P is a placeholder.  A descriptor is the place in the word plus 100.
 */
static void
arrange(struct group *g, struct kernel *k, const char *word)
{
	size_t i;

	memset(g, 0, sizeof(*g));
	for (i = 0; word[i] != '\0'; i++) {
		assert_int_equal(group_append(g, 100 + (int)i,
				     word[i] == 'P'	  ? 0
					 : word[i] == 'K' ? 1
					 : word[i] == 'H' ? 2
							  : 3),
		    0);
		g->slots[i].leaving = word[i] == 'L';
		k->fds[i] = 100 + (int)i;
	}
	k->n = i;
}

/* What the model calls certain is true, and the rest is among the unsure. */
static void
assert_true_to(const struct group *g, const struct kernel *k)
{
	size_t i, j;

	assert_int_equal(g->n, k->n);
	for (i = 0; i < g->n; i++) {
		if (!g->slots[i].unsure) {
			assert_int_equal(g->slots[i].fd, k->fds[i]);
			continue;
		}
		assert_false(group_is_keeper(&g->slots[i]));
		for (j = 0; j < g->n; j++)
			if (g->slots[j].unsure && g->slots[j].fd == k->fds[i])
				break;
		assert_true(j < g->n);
	}
}

static void
assert_keepers_stay(const char *word, const struct kernel *k)
{
	size_t i;

	for (i = 0; word[i] != '\0'; i++)
		if (word[i] == 'K' || word[i] == 'H') {
			if (i >= k->n || k->fds[i] != 100 + (int)i)
				fail_msg("%s: keeper %zu moved", word, i);
		}
}

static void
look(struct group *g, const struct kernel *k, bool mixed)
{
	size_t i, j;

	for (i = 0; i < g->n; i++) {
		g->slots[i].gone = true;
		for (j = 0; j < k->n; j++)
			if (g->slots[i].fd == k->fds[j])
				g->slots[i].gone = false;
	}
	group_vanish(g, mixed);
}

/* The n-th order in which the L of a word leave; false if there is none. */
static bool
nth_order(const char *word, unsigned int nth, int *order, size_t *n)
{
	int left[MOST], i;
	size_t count = 0, pick;

	for (i = 0; word[i] != '\0'; i++)
		if (word[i] == 'L')
			left[count++] = 100 + i;
	for (*n = 0; count > 0; (*n)++) {
		pick = nth % count;
		nth /= (unsigned int)count;
		order[*n] = left[pick];
		left[pick] = left[--count];
	}
	return nth == 0;
}

/* A placeholder joins, and the model is told at once. */
static void
append_known(struct group *g, struct kernel *k)
{
	k->fds[k->n++] = 99;
	assert_int_equal(group_append(g, 99, 0), 0);
}

/*
 * All L of the word leave, in every order.  The model looks after each stride
 * of them; after joins_after departures a placeholder joins.
 */
static void
depart_in_every_order(const char *word, size_t stride, size_t joins_after)
{
	struct group g;
	struct kernel k;
	int order[MOST];
	unsigned int nth;
	size_t i, n, seen;

	for (nth = 0; nth_order(word, nth, order, &n); nth++) {
		arrange(&g, &k, word);
		for (i = 0, seen = 0; i <= n; i++) {
			if (i == joins_after) {
				append_known(&g, &k);
				look(&g, &k, seen < i);
				seen = i;
				assert_true_to(&g, &k);
			}
			if (i == n)
				break;
			kernel_remove(&k, order[i]);
			assert_keepers_stay(word, &k);
			if ((i + 1) % stride == 0) {
				look(&g, &k, false);
				seen = i + 1;
				assert_true_to(&g, &k);
			}
		}
		look(&g, &k, false);
		assert_true_to(&g, &k);
		group_fini(&g);
	}
}

typedef void word_fn(const char *word);

/* Try every word of up to MOST letters. */
static void
for_every_word(const char *letters, word_fn *fn)
{
	char word[MOST + 1];
	size_t length, i, base = strlen(letters);
	unsigned long nth, count = 1, rest;

	for (length = 1; length <= MOST; length++) {
		count *= base;
		for (nth = 0; nth < count; nth++) {
			rest = nth;
			for (i = 0; i < length; i++) {
				word[i] = letters[rest % base];
				rest /= base;
			}
			word[length] = '\0';
			fn(word);
		}
	}
}

static void
check_departures(const char *word)
{
	struct group g;
	struct kernel k;
	size_t missing, stride, after;

	arrange(&g, &k, word);
	missing = group_missing(&g);
	group_fini(&g);
	if (missing > 0)
		return;
	for (stride = 1; stride <= MOST; stride += stride)
		for (after = 0; after <= strlen(word); after++)
			depart_in_every_order(word, stride, after);
}

static void
keepers_stay_in_every_order_of_departures(void **state)
{
	for_every_word("KLP", check_departures);
}

/* With one placeholder fewer than needed some order moves a keeper. */
static void
check_necessity(const char *word)
{
	struct group g;
	struct kernel k;
	int order[MOST];
	unsigned int nth;
	size_t i, j, n, missing;
	bool moved = false;

	arrange(&g, &k, word);
	missing = group_missing(&g);
	group_fini(&g);
	if (missing != 1)
		return;
	for (nth = 0; nth_order(word, nth, order, &n); nth++) {
		arrange(&g, &k, word);
		for (i = 0; i < n; i++)
			kernel_remove(&k, order[i]);
		for (j = 0; word[j] != '\0'; j++)
			if (word[j] == 'K')
				moved |= j >= k.n || k.fds[j] != 100 + (int)j;
		group_fini(&g);
	}
	assert_true(moved);
}

static void
no_more_placeholders_are_asked_for_than_needed(void **state)
{
	for_every_word("KLP", check_necessity);
}

/*
 * Closing a spare socket moves none that may be chosen, or those left are
 * alike.
 */
static void
check_spare_but(const char *word, bool fresh)
{
	struct group g;
	struct kernel k;
	ssize_t spare;
	char last;

	arrange(&g, &k, word);
	spare = group_spare(&g, fresh ? g.slots[g.n - 1].fd : -1);
	group_fini(&g);
	if (spare == -1)
		return;
	assert_int_equal(word[spare], 'P');
	assert_null(strchr(word, 'L'));
	last = word[strlen(word) - 1];
	if (last == 'P' || fresh)
		return;
	assert_null(strchr(strchr(word, 'P') + 1, 'P'));
	assert_true(strchr(word, 'K') == NULL || strchr(word, 'H') == NULL);
}

static void
check_spare(const char *word)
{
	check_spare_but(word, false);
	check_spare_but(word, true);
}

static void
spare_placeholders_can_be_closed(void **state)
{
	for_every_word("KHLP", check_spare);
}

/*
 * A socket F has joined; the placeholder whose place it takes is closed before
 * or after any of the departures, of which the model does not know.
 */
static void
exchange_at(const char *joined, const char *word, size_t index, size_t close_at)
{
	struct group g;
	struct kernel k;
	int order[MOST];
	unsigned int nth;
	size_t i, n;

	for (nth = 0; nth_order(word, nth, order, &n); nth++) {
		arrange(&g, &k, joined);
		group_fini(&g);
		for (i = 0; i <= n; i++) {
			if (i == close_at)
				kernel_remove(&k, 100 + (int)index);
			assert_keepers_stay(word, &k);
			if (i < n)
				kernel_remove(&k, order[i]);
			assert_keepers_stay(word, &k);
		}
	}
}

static void
check_exchange(const char *word)
{
	char joined[MOST + 2];
	struct group g;
	struct kernel k;
	ssize_t index;
	size_t missing, i;

	arrange(&g, &k, word);
	missing = group_missing(&g);
	group_fini(&g);
	snprintf(joined, sizeof(joined), "%sF", word);
	arrange(&g, &k, joined);
	index = missing > 0 ? -1 : group_exchange(&g);
	if (index != -1) {
		assert_int_equal(word[index], 'P');
		kernel_remove(&k, 100 + (int)index);
		group_remove(&g, (size_t)index);
		assert_true_to(&g, &k);
		for (i = 0; i <= strlen(word); i++)
			exchange_at(joined, word, (size_t)index, i);
	}
	group_fini(&g);
}

static void
a_socket_that_joins_takes_a_placeholder_s_place(void **state)
{
	struct group g;
	struct kernel k;

	for_every_word("KHLP", check_exchange);
	arrange(&g, &k, "PKLF");
	assert_int_equal(group_exchange(&g), 0);
	group_fini(&g);
	arrange(&g, &k, "PLKF"); /* K would move */
	assert_int_equal(group_exchange(&g), -1);
	group_fini(&g);
}

static void
what_was_found_out_is_certain(void **state)
{
	struct group g;
	struct kernel k;

	arrange(&g, &k, "LLLKPPP");
	g.slots[0].gone = g.slots[1].gone = g.slots[2].gone = true;
	group_vanish(&g, false);
	assert_int_equal(g.n, 4);
	assert_int_equal(group_unsure(&g), 0);
	/* No hole is closed whose place is not certain. */
	assert_int_equal(group_spare(&g, 103), -1);
	group_assure(&g, 0, g.slots[2].fd);
	assert_int_equal(group_unsure(&g), 1);
	group_assure(&g, 1, g.slots[1].fd);
	/* The third socket cannot be confused with any other. */
	assert_int_equal(group_unsure(&g), -1);
	assert_int_equal(group_find(&g, 103), 3);
	assert_int_equal(group_find(&g, 7), -1);
	assert_int_equal(group_spare(&g, 103), 0);
	group_fini(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keepers_stay_in_every_order_of_departures),
		cmocka_unit_test(
		    no_more_placeholders_are_asked_for_than_needed),
		cmocka_unit_test(spare_placeholders_can_be_closed),
		cmocka_unit_test(
		    a_socket_that_joins_takes_a_placeholder_s_place),
		cmocka_unit_test(what_was_found_out_is_certain),
	};

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
