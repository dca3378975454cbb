/* SPDX-License-Identifier: ISC */
/*
 * The files that the prober may read, limited by Landlock, landlock(7).  The C
 * library has no functions for its system calls, which Linux has since 5.13.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/confine.h"

/* The same numbers on every architecture. */
#define CREATE_RULESET 444
#define ADD_RULE       445
#define RESTRICT_SELF  446

#define ASK_VERSION   1 /* LANDLOCK_CREATE_RULESET_VERSION */
#define PATH_BENEATH  1 /* LANDLOCK_RULE_PATH_BENEATH */
#define READ_FILE     (1ULL << 2)
#define READ_DIR      (1ULL << 3)
#define BITS(n)	      ((1ULL << (n)) - 1)
#define VERSION_KNOWN 5

/* All kinds of access that each version of Landlock can forbid. */
static const uint64_t every_access[VERSION_KNOWN + 1] = { 0, BITS(13), BITS(14),
	BITS(15), BITS(15), BITS(16) };

/* struct landlock_path_beneath_attr */
struct beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/*
 * What the C library reads to resolve a name, resolv.conf(5), nsswitch.conf(5),
 * and the libraries that it loads for that.
 */
static const char *const for_names[] = { "/etc/hosts", "/etc/host.conf",
	"/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
	"/etc/networks", "/etc/protocols", "/etc/services", "/etc/ld.so.cache",
	"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64",
	"/usr/local/lib", "/run/systemd/resolve", "/dev/null", "/dev/urandom" };

/* A path that does not exist is left out. */
static void
let_read(int ruleset, const char *path)
{
	struct beneath rule = { .allowed = READ_FILE };
	struct stat st;

	rule.parent = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent == -1)
		return;
	if (fstat(rule.parent, &st) == 0 && S_ISDIR(st.st_mode))
		rule.allowed |= READ_DIR;
	syscall(ADD_RULE, ruleset, PATH_BENEATH, &rule, 0);
	close(rule.parent);
}

void
confine_files(enum confine_stage stage)
{
	long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
	uint64_t handled;
	int ruleset;
	size_t i;

	if (version < 1)
		return;
	if (version > VERSION_KNOWN)
		version = VERSION_KNOWN;
	handled = every_access[version];
	ruleset = (int)syscall(CREATE_RULESET, &handled, sizeof(handled), 0);
	if (ruleset == -1)
		return;
	if (stage == CONFINE_NAMES)
		for (i = 0; i < sizeof(for_names) / sizeof(for_names[0]); i++)
			let_read(ruleset, for_names[i]);
	syscall(RESTRICT_SELF, ruleset, 0);
	close(ruleset);
}
