/* SPDX-License-Identifier: ISC */
/*
 * What kind of file a program is: its ELF headers, or the first line of a
 * script and the file that line leads to.  Nothing in the file is trusted.
 */
#include "process/program_kind.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

#define SCRIPT_MAX   5	 /* scripts that the kernel follows, execve(2) */
#define LINE_MAX_LEN 256 /* bytes of `#!` that the kernel reads, execve(2) */
#define TABLE_MAX    512 /* headers that are read */
#define NOTES_MAX    4096

/* A segment, for both word sizes. */
struct part {
	uint32_t type;
	uint64_t offset;
	uint64_t size;
};

/* Where the file describes its segments. */
struct table {
	uint64_t offset;
	size_t entry_size;
	size_t count;
};

static bool
read_at(int fd, void *to, size_t len, uint64_t offset)
{
	return offset <= INT64_MAX &&
	    pread(fd, to, len, (off_t)offset) == (ssize_t)len;
}

static bool
read_segment(
    int fd, int bits, const struct table *table, size_t i, struct part *part)
{
	uint64_t offset = table->offset + i * table->entry_size;
	Elf64_Phdr wide;
	Elf32_Phdr narrow;

	if (bits == 64) {
		if (!read_at(fd, &wide, sizeof(wide), offset))
			return false;
		*part =
		    (struct part){ wide.p_type, wide.p_offset, wide.p_filesz };
		return true;
	}
	if (!read_at(fd, &narrow, sizeof(narrow), offset))
		return false;
	*part =
	    (struct part){ narrow.p_type, narrow.p_offset, narrow.p_filesz };
	return true;
}

/* A note with the owner "Go" holds the build ID. */
static bool
has_go_note(int fd, const struct part *part)
{
	char notes[NOTES_MAX];
	size_t size = part->size < NOTES_MAX ? part->size : NOTES_MAX, at = 0;
	Elf64_Nhdr note; /* the same in both word sizes */

	if (!read_at(fd, notes, size, part->offset))
		return false;
	while (at + sizeof(note) + 4 <= size) {
		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		if (note.n_namesz == 4 && memcmp(notes + at, "Go\0", 4) == 0)
			return true;
		if (note.n_namesz > size || note.n_descsz > size)
			return false;
		at += (note.n_namesz + 3) / 4 * 4;
		at += (note.n_descsz + 3) / 4 * 4;
	}
	return false;
}

static enum program_libc
libc_of(const char *loader)
{
	if (strstr(loader, "/ld-musl-") != NULL)
		return PROGRAM_LIBC_MUSL;
	if (strstr(loader, "/ld-linux") != NULL ||
	    strstr(loader, "/ld64.so") != NULL ||
	    strstr(loader, "/ld.so") != NULL)
		return PROGRAM_LIBC_GLIBC;
	return PROGRAM_LIBC_OTHER;
}

static void
look_at_segments(struct program_kind *kind, int fd, const struct table *table)
{
	struct part part;
	size_t i;

	for (i = 0; i < table->count && i < TABLE_MAX; i++) {
		if (!read_segment(fd, kind->bits, table, i, &part))
			return;
		if (part.type == PT_NOTE && has_go_note(fd, &part))
			kind->go = true;
		if (part.type != PT_INTERP || part.size == 0 ||
		    part.size > sizeof(kind->loader) ||
		    !read_at(fd, kind->loader, part.size, part.offset))
			continue;
		kind->loader[part.size - 1] = '\0';
		kind->libc = libc_of(kind->loader);
	}
}

/* An ELF header of either word size. */
union head {
	unsigned char ident[EI_NIDENT];
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
};

/* Our own file shows what this machine runs natively. */
static bool
is_like_ourselves(const union head *head)
{
	union head ours = { 0 };
	int fd;

	if ((fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	read_at(fd, &ours, sizeof(ours.narrow), 0);
	fd_close(&fd);
	return ours.ident[EI_CLASS] == head->ident[EI_CLASS] &&
	    ours.ident[EI_DATA] == head->ident[EI_DATA] &&
	    ours.narrow.e_machine == head->narrow.e_machine;
}

/* A file of the other byte order is read no further: it cannot run here. */
static int
look_at_elf(struct program_kind *kind, int fd)
{
	const uint16_t one = 1;
	const int order =
	    *(const unsigned char *)&one == 1 ? ELFDATA2LSB : ELFDATA2MSB;
	struct table table;
	union head head = { 0 };

	errno = ENOEXEC;
	if (!read_at(fd, &head, sizeof(head.narrow), 0))
		return -1;
	kind->bits = head.ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	kind->native = is_like_ourselves(&head);
	if (head.ident[EI_DATA] != order)
		return 0;
	if (kind->bits == 64 && !read_at(fd, &head, sizeof(head.wide), 0))
		return -1;
	if (kind->bits == 64)
		table = (struct table){ head.wide.e_phoff, sizeof(Elf64_Phdr),
			head.wide.e_phnum };
	else
		table = (struct table){ head.narrow.e_phoff, sizeof(Elf32_Phdr),
			head.narrow.e_phnum };
	look_at_segments(kind, fd, &table);
	return 0;
}

/* The next word of a line, ended by a NUL; NULL at the end of the line. */
static char *
next_word(char **line)
{
	char *word;

	do
		word = strsep(line, " \t");
	while (word != NULL && *word == '\0');
	return word;
}

/* Search name in PATH, as env(1) does.  False if it is not found. */
static bool
find_in_path(const char *name, char *buf, size_t size)
{
	const char *path = getenv("PATH"), *end;

	if (strchr(name, '/') != NULL)
		return strlcpy(buf, name, size) < size;
	for (; path != NULL; path = *end == ':' ? end + 1 : NULL) {
		end = strchrnul(path, ':');
		snprintf(buf, size, "%.*s/%s", (int)(end - path), path, name);
		if (access(buf, X_OK) == 0)
			return true;
	}
	return false;
}

/* The program is the first word: `env -S python3 -u`, `env X=1 python3`. */
static int
follow_env(struct program_kind *kind, char *rest)
{
	char *word;

	while ((word = next_word(&rest)) != NULL) {
		if (word[0] == '-' || strchr(word, '=') != NULL)
			continue;
		if (find_in_path(word, kind->file, sizeof(kind->file)))
			return 0;
		errno = ENOENT;
		return -1;
	}
	return 0;
}

/* Replace the file by the one that its first line names. */
static int
follow_script(struct program_kind *kind, char *line)
{
	char *rest = line + 2, *word, *base;

	rest[strcspn(rest, "\n")] = '\0';
	if ((word = next_word(&rest)) == NULL) {
		errno = ENOEXEC;
		return -1;
	}
	strlcpy(kind->file, word, sizeof(kind->file));
	base = strrchr(word, '/');
	if (strcmp(base != NULL ? base + 1 : word, "env") == 0)
		return follow_env(kind, rest);
	return 0;
}

/* 1: kind->file was a script and has been replaced; 0: it is the executable. */
static int
look_at_file(struct program_kind *kind)
{
	char line[LINE_MAX_LEN + 1] = "";
	struct stat st;
	int fd, r = -1;

	if ((fd = fd_open_regular(kind->file)) == -1)
		return -1;
	if (fstat(fd, &st) == -1 || pread(fd, line, LINE_MAX_LEN, 0) == -1)
		goto out;
	if (memcmp(line, "#!", 2) == 0) {
		r = follow_script(kind, line) == -1 ? -1 : 1;
		goto out;
	}
	errno = ENOEXEC;
	if (memcmp(line, ELFMAG, SELFMAG) != 0)
		goto out;
	kind->set_id = (st.st_mode & (S_ISUID | S_ISGID)) != 0 ||
	    fgetxattr(fd, "security.capability", NULL, 0) > 0;
	r = look_at_elf(kind, fd);
out:
	fd_close(&fd);
	return r;
}

int
program_kind_read(struct program_kind *kind, const char *path)
{
	int r;

	memset(kind, 0, sizeof(*kind));
	if (strlcpy(kind->file, path, sizeof(kind->file)) >=
	    sizeof(kind->file)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	while ((r = look_at_file(kind)) == 1) {
		if (++kind->scripts > SCRIPT_MAX) {
			errno = ELOOP;
			return -1;
		}
	}
	return r;
}

json_t *
program_kind_save(const struct program_kind *kind)
{
	return json_pack("{si sb sb sb si sI}", "bits", kind->bits, "native",
	    (int)kind->native, "go", (int)kind->go, "set-id", (int)kind->set_id,
	    "libc", (int)kind->libc, "scripts", (json_int_t)kind->scripts);
}

int
program_kind_restore(struct program_kind *kind, const json_t *saved)
{
	int bits, native, go, set_id, libc;

	if (saved == NULL ||
	    json_unpack((json_t *)saved, "{si sb sb sb si}", "bits", &bits,
		"native", &native, "go", &go, "set-id", &set_id, "libc",
		&libc) == -1 ||
	    libc < PROGRAM_LIBC_NONE || libc > PROGRAM_LIBC_OTHER)
		return -1;
	*kind = (struct program_kind){ .bits = bits,
		.native = native,
		.go = go,
		.set_id = set_id,
		.libc = (enum program_libc)libc };
	/* An older build saved none. */
	kind->scripts =
	    (unsigned int)json_integer_value(json_object_get(saved, "scripts"));
	return 0;
}

void
program_kind_describe(const struct program_kind *kind, char *buf, size_t size)
{
	static const char *libcs[] = {
		[PROGRAM_LIBC_NONE] = "static",
		[PROGRAM_LIBC_GLIBC] = "dynamic (glibc)",
		[PROGRAM_LIBC_MUSL] = "dynamic (musl)",
		[PROGRAM_LIBC_OTHER] = "dynamic (unknown C library)",
	};

	snprintf(buf, size, "%s%d-bit%s, %s%s%s",
	    kind->scripts > 0 ? "script, run by " : "", kind->bits,
	    kind->native ? "" : " (not of this machine's kind)",
	    libcs[kind->libc], kind->go ? ", Go" : "",
	    kind->set_id ? ", set-user-ID or with capabilities" : "");
}
