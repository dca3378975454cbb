/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's memory: malloc(3) and its kin for the whole program.  A
 * supervisor that was killed leaves everything behind; heap_reset takes it away
 * at once, and puts the program's data back to what it was at the start.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "world.h"

#define ROOM	((size_t)256 << 20)
#define CLASSES 40

/* In front of each block; 16 bytes, so that blocks are aligned. */
struct block {
	size_t room;
	struct block *next; /* while it is free */
};

static struct heap {
	char *base;
	size_t used;
	size_t mark;
	struct block *freed[CLASSES];
	char *image; /* of the data */
	int64_t allocations;
} * heap;

extern char __data_start[], _end[];

static void
heap_map(void)
{
	char *base = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		abort();
	heap = (struct heap *)base;
	heap->base = base;
	heap->used = (sizeof(*heap) + 15) & ~(size_t)15;
}

/* Classes: 32, 48, 64, 96, 128, 192, ... */
static unsigned int
class_of(size_t size, size_t *room)
{
	unsigned int class = 0;
	size_t r = 32;

	while (r < size) {
		class ++;
		r = class % 2 == 1 ? r + r / 2 : r / 3 * 4;
	}
	*room = r;
	return class;
}

static bool
fails(void)
{
	if (W == NULL || !W->alive || W->elsewhere || W->calm)
		return false;
	if (++heap->allocations != W->faults.no_memory)
		return false;
	W->faults.no_memory = 0;
	W->faults.memory_lacked = true;
	trace("no memory");
	return true;
}

/* Not malloc itself: the compiler takes malloc and memset for calloc. */
static void *
allocate(size_t size)
{
	struct block *block;
	unsigned int class;
	size_t room;

	if (heap == NULL)
		heap_map();
	if (fails() || size > ROOM / 4) {
		errno = ENOMEM;
		return NULL;
	}
	class = class_of(size, &room);
	if ((block = heap->freed[class]) != NULL) {
		heap->freed[class] = block->next;
		return block + 1;
	}
	if (heap->used + room + sizeof(*block) > ROOM)
		abort();
	block = (struct block *)(heap->base + heap->used);
	heap->used += room + sizeof(*block);
	block->room = room;
	return block + 1;
}

void *
malloc(size_t size)
{
	return allocate(size);
}

void
free(void *p)
{
	struct block *block = (struct block *)p - 1;
	unsigned int class;
	size_t room;

	if (p == NULL)
		return;
	class = class_of(block->room, &room);
	block->next = heap->freed[class];
	heap->freed[class] = block;
}

void *
calloc(size_t n, size_t size)
{
	void *p;

	if (size != 0 && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	if ((p = allocate(n * size)) != NULL)
		memset(p, 0, n * size);
	return p;
}

void *
realloc(void *p, size_t size)
{
	const struct block *block = (struct block *)p - 1;
	void *new;

	if (p != NULL && block->room >= size)
		return p;
	if ((new = allocate(size)) != NULL && p != NULL) {
		memcpy(new, p, block->room);
		free(p);
	}
	return new;
}

void
heap_mark(void)
{
	if (heap == NULL)
		heap_map();
	heap->mark = heap->used;
	memset(heap->freed, 0, sizeof(heap->freed));
	heap->image = mmap(NULL, (size_t)(_end - __data_start),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (heap->image == MAP_FAILED)
		abort();
	memcpy(heap->image, __data_start, (size_t)(_end - __data_start));
}

void
heap_reset(void)
{
	struct heap *same = heap;

	memcpy(__data_start, same->image, (size_t)(_end - __data_start));
	same->used = same->mark;
	same->allocations = 0;
	memset(same->freed, 0, sizeof(same->freed));
}
