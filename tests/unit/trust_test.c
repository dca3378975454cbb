/* SPDX-License-Identifier: ISC */
/*
 * Who can change what a path means: trees made by root and others, each in a
 * way by which the meaning could change.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/trust.h"

#define NOBODY 65534
#define DAEMON 1

static char root[32];

/* All is below root, the working directory; a path is relative to it. */
static const struct {
	const char *name;
	const char *make;
	const char *path;
	const char *why; /* part of the reason; NULL: nobody can */
} cases[] = {
	{ "root's own", "mkdir d; touch d/f", "d/f", NULL },
	{ "another's file", "touch f; chown nobody f", "f",
	    "/f belongs to nobody (mode 0644)" },
	{ "a file that everybody writes", "touch f; chmod 666 f", "f",
	    "/f is writable by everybody (owner root, mode 0666): `chmod o-w" },
	{ "a file of a group that others are in",
	    "touch f; chgrp nogroup f; chmod 664 f", "f",
	    "/f is writable by the group nogroup (owner root, mode 0664)" },
	{ "a file of root's group", "touch f; chmod 664 f", "f", NULL },
	{ "another's directory", "mkdir d; touch d/f; chown nobody d", "d/f",
	    "the directory /" },
	{ "another's directory further up",
	    "mkdir -p d/e/g; touch d/e/g/f; chown nobody d", "d/e/g/f",
	    "/d belongs to nobody (mode 0755)" },
	{ "an open directory", "mkdir d; touch d/f; chmod 777 d", "d/f",
	    "/d is writable by everybody" },
	{ "a sticky directory", "mkdir d; touch d/f; chmod 1777 d", "d/f",
	    NULL },
	{ "another's file in a sticky directory",
	    "mkdir d; touch d/f; chmod 1777 d; chown nobody d/f", "d/f",
	    "/d/f belongs to nobody" },
	{ "another's sticky directory",
	    "mkdir d; touch d/f; chmod 1777 d; chown nobody d", "d/f",
	    "/d belongs to nobody" },
	{ "a sticky directory to make entries in", "mkdir d; chmod 1777 d", "d",
	    "/d is writable by everybody" },
	{ "a link out of another's directory",
	    "mkdir d; touch f; ln -s ../f d/l; chown nobody d", "d/l",
	    "/d belongs to nobody" },
	{ "a link into another's directory",
	    "mkdir d; touch d/f; ln -s d/f l; chown nobody d", "l",
	    "/d belongs to nobody" },
	{ "an absolute link into another's directory",
	    "mkdir d; touch d/f; ln -s $PWD/d/f l; chown nobody d", "l",
	    "/d belongs to nobody" },
	{ "a link of root's", "mkdir d; touch d/f; ln -s d/./f l", "l", NULL },
	{ "another's link in root's directory",
	    "touch f; ln -s f l; chown -h nobody l", "l", NULL },
	{ "another's link in a sticky directory",
	    "mkdir d; chmod 1777 d; touch d/f; ln -s f d/l; chown -h nobody d/l",
	    "d/l", "the link /" },
	{ "the way up again", "mkdir d; touch f; chown nobody d", "d/../f",
	    "/d belongs to nobody" },
	{ "links in a circle", "ln -s b a; ln -s a b", "a", "symbolic links" },
	{ "nothing", ":", "none", "/none: No such file" },
};

static void
make(const char *commands)
{
	char all[1024];

	snprintf(all, sizeof(all), "umask 022; cd %s && rm -rf -- * && { %s; }",
	    root, commands);
	assert_int_equal(system(all), 0);
}

static int
look(const struct trust *trust, const char *path, char *why)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	return trust_program(trust, full, why, TRUST_WHY);
}

static void
who_can_change_it_is_found_on_the_whole_way(void **state)
{
	const struct trust trust = { 0 };
	char why[TRUST_WHY];
	size_t i;
	int r;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(cases[i].make);
		r = look(&trust, cases[i].path, why);
		if ((r == 0) != (cases[i].why == NULL))
			fail_msg("%s: %s", cases[i].name,
			    r == 0 ? "is trusted" : why);
		if (r == -1 && strstr(why, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].name, why);
	}
}

static void
those_who_may_change_it_are_no_fault(void **state)
{
	const uid_t uids[] = { DAEMON, NOBODY };
	const struct trust trust = { uids, 2, NULL, 0 };
	char why[TRUST_WHY];

	make("mkdir d; touch d/f; chown -R nobody d; chmod 700 d/f");
	assert_int_equal(look(&trust, "d/f", why), 0);
	make("mkdir d; touch d/f; chown -R nobody:daemon d; chmod 775 d d/f");
	assert_int_equal(look(&trust, "d/f", why), 0);
	make("mkdir d; touch d/f; chown bin d/f");
	assert_int_equal(look(&trust, "d/f", why), -1);
	assert_int_equal(errno, EPERM);
}

static void
a_group_that_is_said_to_be_others_is_theirs(void **state)
{
	const gid_t gid = 4242; /* no user is in it */
	const struct trust free = { 0 }, bound = { NULL, 0, &gid, 1 };
	char why[TRUST_WHY];

	make("mkdir d; touch d/f; chgrp 4242 d; chmod 775 d");
	assert_int_equal(look(&free, "d/f", why), 0);
	assert_int_equal(look(&bound, "d/f", why), -1);
	assert_non_null(strstr(why, "/d is writable by the group 4242"));
}

static void
interpreters_count_as_the_program(void **state)
{
	const struct trust trust = { 0 };
	char why[TRUST_WHY];

	make("cp /bin/true i; echo \"#! $PWD/i -x\" >f; chmod 755 f; "
	     "echo \"#!$PWD/f\" >g; chmod 755 g");
	assert_int_equal(look(&trust, "g", why), 0);
	make("cp /bin/true i; echo \"#! $PWD/i -x\" >f; chmod 755 f; "
	     "echo \"#!$PWD/f\" >g; chmod 755 g; chown nobody i");
	assert_int_equal(look(&trust, "g", why), -1);
	assert_non_null(strstr(why, "/i belongs to nobody"));
}

static int
set_up(void **state)
{
	strlcpy(root, "/tmp/trust-test-XXXXXX", sizeof(root));
	return mkdtemp(root) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	make(":");
	return rmdir(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_can_change_it_is_found_on_the_whole_way),
		cmocka_unit_test(those_who_may_change_it_are_no_fault),
		cmocka_unit_test(a_group_that_is_said_to_be_others_is_theirs),
		cmocka_unit_test(interpreters_count_as_the_program),
	};

	if (geteuid() != 0) {
		puts("1..0 # SKIP takes root and other users");
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
