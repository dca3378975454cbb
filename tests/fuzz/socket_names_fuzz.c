/* SPDX-License-Identifier: ISC */
/*
 * What a program may do to the names of its Unix sockets, in every order: it
 * binds twice, renames, links and removes at any moment, and names paths with
 * dots and links; and between these steps, what a supervisor does there for it.
 * Each byte is a step.  If run as root, the program's steps have another user's
 * rights, and a file and a socket of root's must not change.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/credentials.h"
#include "base/fd.h"
#include "fuzz.h"
#include "process/caller.h"
#include "traffic/directory.h"
#include "traffic/listener.h"

#define NOBODY	  65534
#define STEPS_MAX 24
#define PLACES	  2

/* Most steps fork. */
const unsigned int fuzz_tries = 1500;

static char top[] = "/tmp/socket_names_fuzz.XXXXXX";
static char theirs[64], victim[64], live[64];
static struct stat victim_was, live_was;
static struct credentials who;

static const char *const names[] = { "s", "s.hotswap-1", "s.hotswap-2",
	"s.hotswap-new", "trap", "d", "d/s", "../theirs/s" };
#define NNAMES (sizeof(names) / sizeof(names[0]))

/* One of a program's sockets, and the listener at ./s in the directory. */
struct world {
	struct listener *listener;
	struct directory *directory;
	int fd;
};

static struct sockaddr_un
un_of(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	return un;
}

static void
remove_world(void)
{
	unlink(victim);
	unlink(live);
	rmdir(theirs);
	rmdir(top);
}

static void
make_world_once(void)
{
	struct sockaddr_un un;
	int fd;

	if (theirs[0] != '\0')
		return;
	signal(SIGCHLD, SIG_IGN); /* nobody waits for the deputies */
	FUZZ_EXPECT(mkdtemp(top) != NULL && chmod(top, 0755) == 0);
	snprintf(theirs, sizeof(theirs), "%s/theirs", top);
	snprintf(victim, sizeof(victim), "%s/victim", top);
	snprintf(live, sizeof(live), "%s/live", top);
	FUZZ_EXPECT(mkdir(theirs, 0755) == 0);
	fd = open(victim, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	FUZZ_EXPECT(fd != -1);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	un = un_of(live);
	FUZZ_EXPECT(bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
	FUZZ_EXPECT(listen(fd, 1) == 0);
	FUZZ_EXPECT(stat(victim, &victim_was) == 0);
	FUZZ_EXPECT(stat(live, &live_was) == 0);
	if (geteuid() == 0) {
		FUZZ_EXPECT(chown(theirs, NOBODY, NOBODY) == 0);
		FUZZ_EXPECT(
		    credentials_make(&who, NOBODY, NOBODY, NULL, 0) == 0);
	} else
		FUZZ_EXPECT(credentials_own(&who) == 0);
	atexit(remove_world);
}

static void
expect_same(const char *path, const struct stat *was)
{
	struct stat st;

	FUZZ_EXPECT(lstat(path, &st) == 0);
	FUZZ_EXPECT(st.st_ino == was->st_ino && st.st_mode == was->st_mode &&
	    st.st_uid == was->st_uid && st.st_nlink == was->st_nlink);
}

/* A deputy that does not answer has died of its input. */
static void
expect_answer(int result)
{
	FUZZ_EXPECT(result != -1 || (errno != ECHILD && errno != ETIMEDOUT));
}

/* The program's own acts, which may fail. */
static int
act(unsigned int kind, const char *name, const char *other)
{
	switch (kind) {
	case 0:
		return rename(name, other);
	case 1:
		return symlink(victim, name);
	case 2:
		return symlink(live, name);
	case 3:
		return unlink(name) == -1 ? rmdir(name) : 0;
	case 4:
		return mkdir(name, 0755);
	case 5:
		return mknod(name, S_IFSOCK | 07777, 0);
	case 6:
		return link(other, name);
	default:
		return symlink(other, name);
	}
}

static void
locate(const char *path)
{
	struct caller_path found;
	int r = caller_path_init(&found, getpid(), AT_FDCWD, path, &who);

	expect_answer(r);
	if (r == 0) {
		FUZZ_EXPECT(strchr(found.leaf, '/') == NULL);
		FUZZ_EXPECT(found.leaf[0] != '\0' && found.text[0] == '/');
		caller_path_fini(&found);
	}
}

static void
bind_socket(struct world *w, const char *name)
{
	struct sockaddr_un un = un_of(name);

	fd_close(&w->fd);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bind(w->fd, (struct sockaddr *)&un,
	    name[0] == 't' ? sizeof(sa_family_t) : sizeof(un));
}

static void
steer(struct world *w, unsigned int generation)
{
	const struct steer_share share = { generation, 100 };
	const struct steer_plan plan = { .shares = &share, .nshares = 1 };

	expect_answer(listener_steer(w->listener, &plan));
}

static void
adopt(struct world *w, unsigned int generation)
{
	int fd = w->fd != -1 ? fd_dup(w->fd)
			     : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	listener_set_place(w->listener, w->directory, 0077);
	expect_answer(listener_adopt(w->listener, generation, fd));
	listener_set_place(w->listener, NULL, 0077);
}

static void
connect_to(struct world *w, unsigned int generation)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	expect_answer(listener_connect(w->listener, generation, fd));
	close(fd);
}

/* Half of the steps are the program's, half the supervisor's. */
static void
step(struct world *w, unsigned int byte)
{
	const char *name = names[byte >> 4 & 7];
	const char *other = names[(byte >> 4 & 7) * 5 % NNAMES];
	unsigned int generation = 1 + (byte >> 4 & 1);

	switch (byte & 15) {
	case 8:
		bind_socket(w, name);
		break;
	case 9:
		adopt(w, generation);
		break;
	case 10:
		expect_answer(listener_open(w->listener, generation));
		break;
	case 11:
		steer(w, generation);
		break;
	case 12:
		listener_leave(w->listener, generation);
		break;
	case 13:
		listener_mend(w->listener);
		break;
	case 14:
		connect_to(w, generation);
		break;
	case 15:
		locate(name);
		break;
	default:
		(void)act(byte & 15, name, other);
	}
}

static struct world
begin(void)
{
	char text[128];
	struct address address;
	struct world w = { .fd = -1 };
	const char *why;

	snprintf(text, sizeof(text), "%s/s", theirs);
	FUZZ_EXPECT(address_parse(&address, text, &why) == 0);
	w.listener = listener_new(NULL, &address, 8);
	FUZZ_EXPECT(w.listener != NULL);
	FUZZ_EXPECT(listener_set_owner(w.listener, &who) == 0);
	w.directory = directory_new(
	    open(theirs, O_PATH | O_DIRECTORY | O_CLOEXEC), theirs, &who);
	FUZZ_EXPECT(w.directory != NULL);
	return w;
}

/* Names that are left are the program's own. */
static void
tidy(void)
{
	int i;

	for (i = (int)NNAMES - 2; i >= 0; i--)
		if (unlink(names[i]) == -1)
			rmdir(names[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w;
	char *text;
	size_t i;
	int home;

	make_world_once();
	home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	FUZZ_EXPECT(home != -1 && chdir(theirs) == 0);
	w = begin();
	for (i = 0; i < size && i < STEPS_MAX; i++)
		step(&w, data[i]);
	if (size > STEPS_MAX) {
		text = fuzz_text(data + STEPS_MAX, size - STEPS_MAX);
		locate(text);
		free(text);
	}
	listener_free(w.listener);
	directory_unref(w.directory);
	fd_close(&w.fd);
	expect_same(victim, &victim_was);
	expect_same(live, &live_was);
	tidy();
	FUZZ_EXPECT(fchdir(home) == 0);
	close(home);
	return 0;
}
