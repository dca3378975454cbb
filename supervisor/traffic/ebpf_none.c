/* SPDX-License-Identifier: ISC */
/*
 * Replaces traffic/ebpf.c in a build without clang or libbpf.
 */
#include <errno.h>
#include <stdio.h>

#include "traffic/ebpf.h"

const bool ebpf_is_built = false;

int
ebpf_try(char *why, size_t size)
{
	snprintf(why, size,
	    "this hotswap was built without eBPF, which needs clang and "
	    "libbpf-dev");
	return -1;
}

struct ebpf *
ebpf_new(bool datagrams)
{
	errno = ENOSYS;
	return NULL;
}

void
ebpf_free(struct ebpf *e)
{
}

json_t *
ebpf_save(const struct ebpf *e)
{
	return NULL;
}

struct ebpf *
ebpf_restore(const json_t *saved, bool datagrams)
{
	errno = ENOSYS;
	return NULL;
}

int
ebpf_attach(const struct ebpf *e, int fd)
{
	errno = ENOSYS;
	return -1;
}

int
ebpf_put(struct ebpf *e, unsigned int key, int fd, unsigned int generation)
{
	errno = ENOSYS;
	return -1;
}

int
ebpf_rename(struct ebpf *e, unsigned int key, unsigned int generation)
{
	errno = ENOSYS;
	return -1;
}

void
ebpf_remove(struct ebpf *e, unsigned int key)
{
}

void
ebpf_forget_flows(struct ebpf *e, unsigned int key)
{
}

int
ebpf_set_preview(struct ebpf *e, const struct ebpf_net *nets, size_t n)
{
	errno = ENOSYS;
	return -1;
}

int
ebpf_store(struct ebpf *e, const struct ebpf_plan *plan)
{
	errno = ENOSYS;
	return -1;
}

uint64_t
ebpf_given(const struct ebpf *e, unsigned int generation)
{
	return 0;
}

size_t
ebpf_flows(const struct ebpf *e, const bool *keys, int64_t idle_ms)
{
	return 0;
}
