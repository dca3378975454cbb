/* SPDX-License-Identifier: ISC */
/*
 * What kind of file a program is, for files made here and for files that every
 * machine has; and the backend that follows from it.
 */
#include "process/program_kind.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "process/features.h"
#include "process/shim.h"

static char directory[] = "/tmp/program_kind.XXXXXX";

static void
write_file(const char *name, const void *data, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_return_code(fd, errno);
	assert_return_code(fd_write_all(fd, data, len), errno);
	fchmod(fd, 0755);
	close(fd);
}

static void
write_script(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

/* A small ELF file with one segment that has these bytes. */
struct fake {
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	char bytes[64];
};

static struct fake
fake_elf(uint32_t type, const void *bytes, size_t len)
{
	struct fake fake = { 0 }, self;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, &self, sizeof(self)), sizeof(self));
	close(fd);
	memcpy(fake.head.e_ident, self.head.e_ident, EI_NIDENT);
	fake.head.e_machine = self.head.e_machine;
	fake.head.e_phoff = offsetof(struct fake, segment);
	fake.head.e_phnum = 1;
	fake.segment.p_type = type;
	fake.segment.p_offset = offsetof(struct fake, bytes);
	fake.segment.p_filesz = len;
	memcpy(fake.bytes, bytes, len);
	return fake;
}

static void
knows_itself(void **state)
{
	struct program_kind kind;
	char text[128];

	assert_int_equal(program_kind_read(&kind, "/proc/self/exe"), 0);
	assert_true(kind.native);
	assert_int_equal(kind.bits, sizeof(void *) * 8);
	assert_int_not_equal(kind.libc, PROGRAM_LIBC_NONE);
	assert_false(kind.go);
	assert_false(kind.set_id);
	assert_int_equal(kind.scripts, 0);
	program_kind_describe(&kind, text, sizeof(text));
	assert_non_null(strstr(text, "dynamic"));
}

static void
tells_libraries_by_the_loader(void **state)
{
	static const struct {
		const char *loader;
		enum program_libc libc;
	} cases[] = {
		{ "/lib64/ld-linux-x86-64.so.2", PROGRAM_LIBC_GLIBC },
		{ "/lib/ld-linux-aarch64.so.1", PROGRAM_LIBC_GLIBC },
		{ "/lib/ld-musl-x86_64.so.1", PROGRAM_LIBC_MUSL },
		{ "/system/bin/linker64", PROGRAM_LIBC_OTHER },
	};
	struct program_kind kind;
	struct fake fake;
	size_t i;

	for (i = 0; i < 4; i++) {
		fake = fake_elf(
		    PT_INTERP, cases[i].loader, strlen(cases[i].loader) + 1);
		write_file("elf", &fake, sizeof(fake));
		assert_int_equal(program_kind_read(&kind, "elf"), 0);
		assert_string_equal(kind.loader, cases[i].loader);
		assert_int_equal(kind.libc, cases[i].libc);
	}
}

static void
knows_go_by_its_note(void **state)
{
	static const char note[] = "\4\0\0\0\4\0\0\0\1\0\0\0GNU\0....\4\0\0\0"
				   "\4\0\0\0\4\0\0\0Go\0\0....";
	struct fake fake = fake_elf(PT_NOTE, note, sizeof(note) - 1);
	struct program_kind kind;

	write_file("elf", &fake, sizeof(fake));
	assert_int_equal(program_kind_read(&kind, "elf"), 0);
	assert_true(kind.go);
	assert_int_equal(kind.libc, PROGRAM_LIBC_NONE);
	fake.segment.p_filesz = 24; /* only the note before it */
	write_file("elf", &fake, sizeof(fake));
	assert_int_equal(program_kind_read(&kind, "elf"), 0);
	assert_false(kind.go);
}

static void
detects_other_machines(void **state)
{
	struct fake fake = fake_elf(PT_NULL, "", 0);
	struct program_kind kind;

	fake.head.e_machine = EM_S390;
	write_file("elf", &fake, sizeof(fake));
	assert_int_equal(program_kind_read(&kind, "elf"), 0);
	assert_false(kind.native);
	fake = fake_elf(PT_NULL, "", 0);
	fake.head.e_ident[EI_CLASS] = ELFCLASS32;
	fake.head.e_machine = EM_386;
	write_file("elf", &fake, sizeof(fake));
	assert_int_equal(program_kind_read(&kind, "elf"), 0);
	assert_int_equal(kind.bits, 32);
	assert_false(kind.native);
}

/* Every length of a truncated file, and offsets beyond the end. */
static void
survives_broken_files(void **state)
{
	struct fake fake = fake_elf(PT_INTERP, "/lib/ld-musl", 12);
	struct program_kind kind;
	size_t len;

	for (len = 0; len < sizeof(fake); len++) {
		write_file("elf", &fake, len);
		program_kind_read(&kind, "elf");
	}
	fake.segment.p_offset = UINT64_MAX - 3;
	fake.segment.p_type = PT_NOTE;
	fake.head.e_phnum = UINT16_MAX;
	write_file("elf", &fake, sizeof(fake));
	assert_int_equal(program_kind_read(&kind, "elf"), 0);
	write_script("text", "no program\n");
	assert_int_equal(program_kind_read(&kind, "text"), -1);
	assert_int_equal(errno, ENOEXEC);
	write_script("text", "#!\n");
	assert_int_equal(program_kind_read(&kind, "text"), -1);
	assert_int_equal(errno, ENOEXEC);
	assert_int_equal(program_kind_read(&kind, "none"), -1);
	assert_int_equal(errno, ENOENT);
}

static void
follows_scripts(void **state)
{
	static const char *lines[] = { "#!/bin/sh\n", "#! /bin/sh -e\n",
		"#!/usr/bin/env sh\n", "#!/usr/bin/env -S X=1 sh -e\n" };
	struct program_kind kind;
	char text[128];
	size_t i;

	for (i = 0; i < 4; i++) {
		write_script("script", lines[i]);
		assert_int_equal(program_kind_read(&kind, "script"), 0);
		assert_int_equal(kind.scripts, 1);
		assert_string_equal(strrchr(kind.file, '/'), "/sh");
	}
	snprintf(text, sizeof(text), "#!%s/script", directory);
	write_script("outer", text);
	assert_int_equal(program_kind_read(&kind, "outer"), 0);
	assert_int_equal(kind.scripts, 2);
	snprintf(text, sizeof(text), "#!%s/loop\n", directory);
	write_script("loop", text);
	assert_int_equal(program_kind_read(&kind, "loop"), -1);
	assert_int_equal(errno, ELOOP);
	write_script("loop", "#!/usr/bin/env no-such-program\n");
	assert_int_equal(program_kind_read(&kind, "loop"), -1);
	assert_int_equal(errno, ENOENT);
}

static void
sees_set_user_id(void **state)
{
	struct fake fake = fake_elf(PT_NULL, "", 0);
	struct program_kind kind;

	write_file("elf", &fake, sizeof(fake));
	assert_return_code(chmod("elf", 04755), errno);
	assert_int_equal(program_kind_read(&kind, "elf"), 0);
	assert_true(kind.set_id);
}

static const struct program_kind dynamic = {
	.bits = 64, .native = true, .libc = PROGRAM_LIBC_GLIBC
};
static const struct program_kind go = {
	.bits = 64, .native = true, .go = true, .libc = PROGRAM_LIBC_GLIBC
};
static const struct program_kind unlinked = { .bits = 64, .native = true };
static const struct program_kind narrow = { .bits = 32,
	.libc = PROGRAM_LIBC_GLIBC };
static const struct program_kind set_id = {
	.bits = 64, .native = true, .set_id = true, .libc = PROGRAM_LIBC_GLIBC
};

static const struct shim_facts root = { true, true, true, true, false };
static const struct shim_facts user = { true, false, true, true, false };
static const struct shim_facts scope = { true, false, false, true, false };
static const struct shim_facts old = { false, true, true, true, false };
static const struct shim_facts bare = { true, false, true, false, false };
static const struct shim_facts deep = { true, false, true, true, true };
static const struct shim_facts deep_root = { true, true, true, true, true };
static const struct shim_facts deep_old = { false, false, true, true, true };

static const struct {
	const struct program_kind *kind;
	const struct shim_facts *facts;
	enum shim_backend wanted;
	int result;
	enum shim_backend backend;
	bool no_new_privs;
} choices[] = {
	{ &dynamic, &root, SHIM_AUTO, 0, SHIM_SECCOMP, false },
	{ &go, &root, SHIM_AUTO, 0, SHIM_SECCOMP, false },
	{ &set_id, &root, SHIM_AUTO, 0, SHIM_SECCOMP, false },
	{ &dynamic, &user, SHIM_AUTO, 0, SHIM_PRELOAD, false },
	{ &go, &user, SHIM_AUTO, 0, SHIM_SECCOMP, true },
	{ &unlinked, &user, SHIM_AUTO, 0, SHIM_SECCOMP, true },
	{ &dynamic, &bare, SHIM_AUTO, 0, SHIM_SECCOMP, true },
	{ &dynamic, &deep, SHIM_AUTO, 0, SHIM_SECCOMP, true },
	{ &dynamic, &deep_root, SHIM_AUTO, 0, SHIM_SECCOMP, false },
	{ &dynamic, &deep_old, SHIM_AUTO, -1, SHIM_OFF, false },
	{ &unlinked, &scope, SHIM_AUTO, -1, SHIM_OFF, false },
	{ &dynamic, &old, SHIM_AUTO, 0, SHIM_PRELOAD, false },
	{ &narrow, &root, SHIM_AUTO, -1, SHIM_OFF, false },
	{ &set_id, &user, SHIM_AUTO, -1, SHIM_OFF, false },
	{ &dynamic, &user, SHIM_SECCOMP, 0, SHIM_SECCOMP, true },
	{ &dynamic, &old, SHIM_SECCOMP, -1, SHIM_OFF, false },
	{ &dynamic, &root, SHIM_PRELOAD, 0, SHIM_PRELOAD, false },
	{ &go, &root, SHIM_PRELOAD, -1, SHIM_OFF, false },
	{ &narrow, &user, SHIM_OFF, 0, SHIM_OFF, false },
};

static void
chooses_a_backend(void **state)
{
	struct shim_choice choice;
	size_t i;
	int r;

	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		r = shim_choose(&choice, choices[i].wanted, choices[i].kind,
		    choices[i].facts);
		if (r != choices[i].result ||
		    choice.backend != choices[i].backend ||
		    choice.no_new_privs != choices[i].no_new_privs)
			fail_msg("row %zu: %d, %d: %s", i, r, choice.backend,
			    choice.why);
		assert_non_null(choice.why);
	}
}

static void
checks_every_feature(void **state)
{
	const struct feature *table;
	char detail[FEATURE_DETAIL];
	size_t n, i;

	table = features_table(&n);
	for (i = 0; i < n; i++) {
		detail[0] = '\0';
		assert_in_range(
		    table[i].check(detail), FEATURE_PRESENT, FEATURE_ABSENT);
		assert_true(table[i].remedy[0] != '\0');
		print_message("%-32s %d %s\n", table[i].name,
		    table[i].check(detail), detail);
	}
}

/* Else whoever can write the script could make us wait for ever. */
static void
waits_for_no_fifo(void **state)
{
	struct program_kind kind;
	char line[PATH_MAX + 8], path[PATH_MAX];

	assert_non_null(getcwd(path, sizeof(path)));
	assert_return_code(mkfifo("fifo", 0755), errno);
	snprintf(line, sizeof(line), "#!%s/fifo\n", path);
	write_script("script", line);
	alarm(20);
	assert_int_equal(program_kind_read(&kind, "./script"), -1);
	assert_int_equal(errno, EACCES);
	write_script("script", "#!/dev/tty\n");
	assert_int_equal(program_kind_read(&kind, "./script"), -1);
	assert_int_equal(errno, EACCES);
	write_script("script", "#!/tmp\n");
	assert_int_equal(program_kind_read(&kind, "./script"), -1);
	assert_int_equal(errno, EACCES);
	alarm(0);
	unlink("fifo");
}

static void
is_kept_and_read_back(void **state)
{
	struct program_kind kind, again;
	json_t *saved;

	assert_int_equal(program_kind_read(&kind, "/proc/self/exe"), 0);
	assert_non_null(saved = program_kind_save(&kind));
	assert_int_equal(program_kind_restore(&again, saved), 0);
	assert_int_equal(again.bits, kind.bits);
	assert_int_equal(again.native, kind.native);
	assert_int_equal(again.libc, kind.libc);
	json_object_set_new(saved, "libc", json_integer(99));
	assert_int_equal(program_kind_restore(&again, saved), -1);
	assert_int_equal(program_kind_restore(&again, NULL), -1);
	json_decref(saved);
}

static int
set_up(void **state)
{
	return mkdtemp(directory) == NULL ? -1 : chdir(directory);
}

static int
tear_down(void **state)
{
	static const char *files[] = { "elf", "text", "script", "outer",
		"loop" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_itself),
		cmocka_unit_test(tells_libraries_by_the_loader),
		cmocka_unit_test(knows_go_by_its_note),
		cmocka_unit_test(detects_other_machines),
		cmocka_unit_test(survives_broken_files),
		cmocka_unit_test(follows_scripts),
		cmocka_unit_test(waits_for_no_fifo),
		cmocka_unit_test(is_kept_and_read_back),
		cmocka_unit_test(sees_set_user_id),
		cmocka_unit_test(chooses_a_backend),
		cmocka_unit_test(checks_every_feature),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
