/* SPDX-License-Identifier: ISC */
/*
 * Stands in for libFuzzer: tries each file of a directory, then files changed
 * and spliced at random.  Usage: NAME_fuzz SEEDS [COUNT [SEED]].  An input that
 * crashes is in the file NAME_fuzz.crash beside the program.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "fuzz.h"

#define SEEDS_MAX 64
#define INPUT_MAX 4096 /* bytes of an input */
#define COUNT	  5000

static struct {
	uint8_t *data;
	size_t size;
} seeds[SEEDS_MAX];
static size_t nseeds;

static void
read_seeds(const char *directory)
{
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir;

	if ((dir = opendir(directory)) == NULL)
		err(1, "%s", directory);
	while ((entry = readdir(dir)) != NULL && nseeds < SEEDS_MAX) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		seeds[nseeds].data = (uint8_t *)fd_read_file(
		    path, INPUT_MAX, &seeds[nseeds].size);
		if (seeds[nseeds].data == NULL)
			err(1, "%s", path);
		nseeds++;
	}
	closedir(dir);
	if (nseeds == 0)
		errx(1, "%s: no seeds", directory);
}

/* One change: a byte, a bit, or bytes removed, repeated or from elsewhere. */
static size_t
change(uint8_t *data, size_t size)
{
	static const char words[] = "\0\n=:,{}[]\"\\%/@#-+.0189aeEtn\xff\x80";
	size_t at = size > 0 ? random() % size : 0, len = random() % 16, from;

	if (len > size - at)
		len = size - at;
	switch (random() % 5) {
	case 0:
		if (size > 0)
			data[at] = words[random() % sizeof(words)];
		break;
	case 1:
		if (size > 0)
			data[at] ^= 1 << random() % 8;
		break;
	case 2:
		memmove(data + at, data + at + len, size - at - len);
		return size - len;
	case 3:
		if (size + len > INPUT_MAX)
			break;
		memmove(data + at + len, data + at, size - at);
		return size + len;
	default:
		from = random() % nseeds;
		if (len > seeds[from].size || at + len > size)
			break;
		memcpy(data + at,
		    seeds[from].data + random() % (seeds[from].size - len + 1),
		    len);
	}
	return size;
}

/* The present input, in the file at path, which stays after a crash. */
static uint8_t *
map_input(const char *path)
{
	uint8_t *input;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || ftruncate(fd, INPUT_MAX) == -1)
		err(1, "%s", path);
	input =
	    mmap(NULL, INPUT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (input == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	return input;
}

int
main(int argc, char **argv)
{
	unsigned long count = &fuzz_tries != NULL ? fuzz_tries : COUNT, i;
	unsigned long seed =
	    argc > 3 ? strtoul(argv[3], NULL, 10) : (unsigned long)getpid();
	const char *name = getprogname();
	char path[PATH_MAX];
	size_t size, n;
	uint8_t *input;

	if (argc < 2)
		errx(64, "usage: %s SEEDS [COUNT [SEED]]", name);
	if (argc > 2)
		count = strtoul(argv[2], NULL, 10);
	read_seeds(argv[1]);
	printf("1..1\n# %s: seed %lu\n", name, seed);
	fflush(stdout);
	srandom((unsigned int)seed);
	snprintf(path, sizeof(path), "%s.crash", argv[0]);
	input = map_input(path);
	for (i = 0; i < count + nseeds; i++) {
		size = seeds[i % nseeds].size;
		memcpy(input, seeds[i % nseeds].data, size);
		for (n = i < nseeds ? 0 : 1 + random() % 8; n > 0; n--)
			size = change(input, size);
		LLVMFuzzerTestOneInput(input, size);
	}
	unlink(path);
	printf("ok 1 - %s: %lu inputs\n", name, count);
	return 0;
}
