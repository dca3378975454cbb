/* SPDX-License-Identifier: ISC */
/*
 * The format of the checkpoint's files: one line with a sequence number, and
 * with the length and the SHA-256 of the document, which follows.  Records
 * follow it, each with a line of the same form and a patch (keep/patch.h). With
 * records both files are the same.  A build that knows no records refuses both,
 * so it does not take an old document for the last.
 */
#include "keep/checkpoint.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "keep/patch.h"

#define HEAD_SIZE 128
#define HEAD	  "hotswap-checkpoint"
#define RECORD	  "hotswap-record"
#define LARGEST	  (128 << 20)
#define RECORDS	  (64 << 10) /* bytes, and as many as the document has */

const char *const checkpoint_names[CHECKPOINT_FILES] = { "checkpoint.0",
	"checkpoint.1" };

int
checkpoint_init(struct checkpoint *checkpoint)
{
	size_t i;

	*checkpoint = (struct checkpoint){ .fds = { -1, -1 } };
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		checkpoint->fds[i] =
		    memfd_create("hotswap-checkpoint", MFD_CLOEXEC);
		if (checkpoint->fds[i] == -1) {
			checkpoint_fini(checkpoint);
			return -1;
		}
	}
	return 0;
}

void
checkpoint_adopt(struct checkpoint *checkpoint, const int fds[CHECKPOINT_FILES])
{
	*checkpoint = (struct checkpoint){ .plain = checkpoint->plain };
	memcpy(checkpoint->fds, fds, sizeof(checkpoint->fds));
}

void
checkpoint_set_plain(struct checkpoint *checkpoint, bool plain)
{
	checkpoint->plain = plain;
}

static void
forget_last(struct checkpoint *checkpoint)
{
	json_decref(checkpoint->last);
	checkpoint->last = NULL;
}

void
checkpoint_fini(struct checkpoint *checkpoint)
{
	size_t i;

	forget_last(checkpoint);
	for (i = 0; i < CHECKPOINT_FILES; i++)
		fd_close(&checkpoint->fds[i]);
}

/* WRITING */

/* A line and what it describes. */
struct checkpoint_part {
	char head[HEAD_SIZE];
	char *text;
	size_t nhead, ntext;
};

static void
free_part(struct checkpoint_part *part)
{
	if (part != NULL)
		free(part->text);
	free(part);
}

/* *New*; NULL with errno. */
static struct checkpoint_part *
make_part(const char *kind, unsigned long long sequence, const json_t *json)
{
	struct checkpoint_part *part = calloc(1, sizeof(*part));
	char sha256[SHA256_DIGEST_STRING_LENGTH];

	if (part != NULL)
		part->text = memory_text(json, JSON_COMPACT | JSON_ENCODE_ANY);
	if (part == NULL || part->text == NULL) {
		free_part(part);
		errno = ENOMEM;
		return NULL;
	}
	part->ntext = strlen(part->text);
	SHA256Data((const uint8_t *)part->text, part->ntext, sha256);
	part->nhead = (size_t)snprintf(part->head, sizeof(part->head),
	    "%s %llu %zu %s\n", kind, sequence, part->ntext, sha256);
	return part;
}

/* Returns the offset behind the part, -1 with errno. */
static off_t
write_part(int fd, off_t at, const struct checkpoint_part *part)
{
	off_t text = at + (off_t)part->nhead;

	/* The head is written last: without it the part is not there. */
	if (fd_write_at(fd, part->text, part->ntext, text) == -1 ||
	    fd_write_at(fd, part->head, part->nhead, at) == -1)
		return -1;
	return text + (off_t)part->ntext;
}

static int
other_file(const struct checkpoint *checkpoint)
{
	return checkpoint->fds[(checkpoint->at + 1) % CHECKPOINT_FILES];
}

/* Replace the content of the file that does not have the last document. */
static int
write_whole(struct checkpoint *checkpoint, const json_t *document,
    unsigned long long sequence)
{
	struct checkpoint_part *part = make_part(HEAD, sequence, document);
	int fd = other_file(checkpoint), error;
	off_t end = -1;

	if (part != NULL && ftruncate(fd, 0) == 0)
		end = write_part(fd, 0, part);
	error = errno;
	free_part(part);
	errno = error;
	if (end == -1)
		return -1;
	checkpoint->at = (checkpoint->at + 1) % CHECKPOINT_FILES;
	checkpoint->whole = checkpoint->end = end;
	return 0;
}

static bool
has_records(const struct checkpoint *checkpoint)
{
	return checkpoint->end > checkpoint->whole;
}

static int
write_record(
    struct checkpoint *checkpoint, const struct checkpoint_part *record)
{
	off_t end;

	if (!has_records(checkpoint) &&
	    write_whole(checkpoint, checkpoint->last, checkpoint->sequence) ==
		-1)
		return -1;
	end = write_part(
	    checkpoint->fds[checkpoint->at], checkpoint->end, record);
	if (end == -1 ||
	    write_part(other_file(checkpoint), checkpoint->end, record) == -1)
		return -1;
	checkpoint->end = end;
	return 0;
}

/* A document costs what it is long, and so it is written seldom. */
static bool
wants_record(const struct checkpoint *checkpoint)
{
	return checkpoint->last != NULL && !checkpoint->plain &&
	    checkpoint->end - checkpoint->whole <= checkpoint->whole + RECORDS;
}

void
checkpoint_change_fini(struct checkpoint_change *change)
{
	json_decref(change->from);
	json_decref(change->to);
	json_decref(change->patch);
	free_part(change->record);
	*change = (struct checkpoint_change){ .patch = NULL };
}

/* Was this change made between the same two documents? */
static bool
is_of(const struct checkpoint_change *change,
    const struct checkpoint *checkpoint, const json_t *document)
{
	return change->patch != NULL && change->from == checkpoint->last &&
	    change->to == document && change->sequence == checkpoint->sequence;
}

static int
make_change(struct checkpoint_change *change,
    const struct checkpoint *checkpoint, json_t *document)
{
	checkpoint_change_fini(change);
	change->sequence = checkpoint->sequence;
	if (checkpoint->last == NULL)
		return 0;
	change->patch = patch_make(checkpoint->last, document);
	if (change->patch == NULL)
		return -1;
	change->from = json_incref(checkpoint->last);
	change->to = json_incref(document);
	return 0;
}

static int
write_change(struct checkpoint *checkpoint, struct checkpoint_change *change,
    const json_t *document)
{
	unsigned long long sequence = checkpoint->sequence + 1;

	if (!wants_record(checkpoint))
		return write_whole(checkpoint, document, sequence);
	if (change->record == NULL)
		change->record = make_part(RECORD, sequence, change->patch);
	return change->record == NULL
	    ? -1
	    : write_record(checkpoint, change->record);
}

int
checkpoint_save_change(struct checkpoint *checkpoint, json_t *document,
    struct checkpoint_change *change)
{
	int r, error;

	if (!is_of(change, checkpoint, document) &&
	    make_change(change, checkpoint, document) == -1)
		return -1;
	if (json_is_null(change->patch) &&
	    !(checkpoint->plain && has_records(checkpoint)))
		return 0;
	r = write_change(checkpoint, change, document);
	error = errno;
	forget_last(checkpoint);
	if (r == 0) {
		checkpoint->sequence++;
		checkpoint->last = json_incref(document);
	}
	errno = error;
	return r;
}

int
checkpoint_save(struct checkpoint *checkpoint, json_t *document)
{
	struct checkpoint_change change = { .patch = NULL };
	int r = checkpoint_save_change(checkpoint, document, &change);
	int error = errno;

	checkpoint_change_fini(&change);
	errno = error;
	return r;
}

/* READING */

/*
 * Read the part that begins at *text, and go behind it: *new*; NULL if it is
 * not what its line says.
 */
static json_t *
read_part(const char **text, const char *end, const char *kind,
    unsigned long long *sequence)
{
	char want[SHA256_DIGEST_STRING_LENGTH], have[sizeof(want)];
	const char *body = memchr(*text, '\n', (size_t)(end - *text));
	char head[HEAD_SIZE];
	json_t *part = NULL;
	size_t n, len = strlen(kind);

	if (body == NULL || ++body - *text >= HEAD_SIZE)
		return NULL;
	snprintf(head, sizeof(head), "%.*s", (int)(body - *text), *text);
	if (strncmp(head, kind, len) != 0 ||
	    sscanf(head + len, " %llu %zu %64s", sequence, &n, want) != 3 ||
	    n > (size_t)(end - body))
		return NULL;
	SHA256Data((const uint8_t *)body, n, have);
	if (strcmp(want, have) == 0)
		part = json_loadb(body, n, JSON_DECODE_ANY, NULL);
	*text = body + n;
	return part;
}

/*
 * Was the writer killed before it could write the line of the part that begins
 * here?  Then zeros are in its place.
 */
static bool
is_unfinished(const char *text, const char *end)
{
	size_t n =
	    (size_t)(end - text) < HEAD_SIZE ? (size_t)(end - text) : HEAD_SIZE;

	return memchr(text, '\0', n) != NULL && memchr(text, '\n', n) == NULL;
}

/*
 * Bring the document, which is *stolen*, up to date with the records.  A record
 * that was not finished does not count; NULL if one is damaged.
 */
static json_t *
read_records(const char *text, const char *end, json_t *document,
    unsigned long long *sequence)
{
	unsigned long long number = 0;
	json_t *patch;

	while (document != NULL && text < end && !is_unfinished(text, end)) {
		patch = read_part(&text, end, RECORD, &number);
		if (patch != NULL && number == *sequence + 1) {
			document = patch_apply(document, patch);
		} else {
			json_decref(document);
			document = NULL;
		}
		json_decref(patch);
		*sequence = number;
	}
	return document;
}

/* The file's document, *new*; NULL if the file is not complete. */
static json_t *
read_document(int fd, unsigned long long *sequence)
{
	json_t *document = NULL;
	const char *at;
	char *text;
	size_t len;

	if (fd == -1 || (text = fd_read_whole(fd, LARGEST, &len)) == NULL)
		return NULL;
	at = text;
	document = read_part(&at, text + len, HEAD, sequence);
	document = read_records(at, text + len, document, sequence);
	free(text);
	return document;
}

json_t *
checkpoint_load(struct checkpoint *checkpoint, char *why, size_t size)
{
	json_t *newest = NULL, *document;
	unsigned long long sequence;
	json_int_t version;
	size_t i;

	for (i = 0; i < CHECKPOINT_FILES; i++) {
		document = read_document(checkpoint->fds[i], &sequence);
		if (document == NULL)
			continue;
		if (newest == NULL || sequence > checkpoint->sequence) {
			json_decref(newest);
			newest = document;
			checkpoint->sequence = sequence;
			checkpoint->at = i;
		} else
			json_decref(document);
	}
	if (newest == NULL) {
		snprintf(why, size, "it is torn or was tampered with");
		return NULL;
	}
	version = json_integer_value(json_object_get(newest, "version"));
	if (version >= 1 && version <= CHECKPOINT_VERSION)
		return newest;
	snprintf(why, size,
	    "it has version %lld, and this hotswap knows versions up to %d",
	    (long long)version, CHECKPOINT_VERSION);
	json_decref(newest);
	return NULL;
}
