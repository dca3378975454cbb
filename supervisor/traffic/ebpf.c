/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's side of kernel/steering.bpf.c, through libbpf.  A build
 * without libbpf or clang has traffic/ebpf_none.c in its place.
 */
#include "traffic/ebpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "traffic/ebpf_fields.h"

static const char *const map_names[NMAPS] = { "sockets", "plans", "current",
	"owners", "preview", "counters", "flows", "connections" };
static const char *const program_names[] = { "hotswap_stream",
	"hotswap_steer" }; /* for TCP, and for UDP */

const bool ebpf_is_built = true;

static unsigned int ngroups;
static char said[EBPF_WHY]; /* the last warning of libbpf */

/* The object file that clang makes, which the build embeds here. */
extern const char ebpf_object[], ebpf_object_end[];
__asm__(".section .rodata\n"
	".balign 8\n"
	".globl ebpf_object, ebpf_object_end\n"
	"ebpf_object:\n"
	".incbin \"" HOTSWAP_EBPF "\"\n"
	"ebpf_object_end:\n"
	".byte 0\n"
	".previous\n");

static int
keep_message(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(said, sizeof(said), format, args);
		said[strcspn(said, "\n")] = '\0';
	}
	return 0;
}

/*
 * Before Linux 5.11 maps count as locked memory, setrlimit(2).  libbpf would
 * lift that limit for good, and our children would inherit it.
 */
static struct bpf_object *
load(bool datagrams)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "hotswap");
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit before;
	struct bpf_object *object;
	bool lifted;
	int r;

	libbpf_set_print(keep_message);
	object = bpf_object__open_mem(
	    ebpf_object, (size_t)(ebpf_object_end - ebpf_object), &options);
	if (object == NULL)
		return NULL;
	bpf_program__set_autoload(
	    bpf_object__find_program_by_name(object, program_names[!datagrams]),
	    false);
	if (!datagrams) {
		bpf_map__set_max_entries(
		    bpf_object__find_map_by_name(object, map_names[MAP_FLOWS]),
		    1);
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object,
					     map_names[MAP_CONNECTIONS]),
		    1);
	}
	lifted = getrlimit(RLIMIT_MEMLOCK, &before) == 0 &&
	    setrlimit(RLIMIT_MEMLOCK, &all) == 0;
	r = bpf_object__load(object);
	if (lifted)
		setrlimit(RLIMIT_MEMLOCK, &before);
	if (r == 0)
		return object;
	bpf_object__close(object);
	errno = -r;
	return NULL;
}

int
ebpf_open_map(const struct ebpf *e, enum map map)
{
	int fd = bpf_map_get_fd_by_id(e->maps[map]);

	return fd < 0 ? -1 : fd;
}

/* Read an element of a map whose keys are numbers. */
static int
lookup(const struct ebpf *e, enum map map, __u32 key, void *value)
{
	int fd = ebpf_open_map(e, map), r = -1;

	if (fd != -1 && bpf_map_lookup_elem(fd, &key, value) == 0)
		r = 0;
	fd_close(&fd);
	return r;
}

static int
store(const struct ebpf *e, enum map map, __u32 key, const void *value)
{
	int fd = ebpf_open_map(e, map), r = -1;

	if (fd != -1 && bpf_map_update_elem(fd, &key, value, BPF_ANY) == 0)
		r = 0;
	fd_close(&fd);
	return r;
}

static struct ebpf *
make(bool datagrams)
{
	struct ebpf *e;

	if (ngroups >= EBPF_GROUPS_MAX) {
		errno = EMFILE;
		return NULL;
	}
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	e->program = -1;
	e->datagrams = datagrams;
	ngroups++;
	return e;
}

void
ebpf_free(struct ebpf *e)
{
	if (e == NULL)
		return;
	ngroups--;
	fd_close(&e->program);
	free(e);
}

static __u32
program_number(int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 ? info.id : 0;
}

static __u32
map_number(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 ? info.id : 0;
}

/* Duplicate the program's descriptor, so that libbpf's object can be closed. */
static int
take(struct ebpf *e, struct bpf_object *object)
{
	size_t i;
	int map, r;

	e->program = fd_dup(bpf_program__fd(bpf_object__find_program_by_name(
	    object, program_names[e->datagrams])));
	r = e->program == -1 ? -1 : 0;
	e->number = program_number(e->program);
	for (i = 0; i < NMAPS && r == 0; i++) {
		map = bpf_object__find_map_fd_by_name(object, map_names[i]);
		e->maps[i] = map_number(map);
		/* The program for TCP keeps those that it does not use, too. */
		r = bpf_prog_bind_map(e->program, map, NULL);
	}
	return r;
}

struct ebpf *
ebpf_new(bool datagrams)
{
	struct ebpf *e = make(datagrams);
	struct bpf_object *object;
	int r;

	if (e == NULL)
		return NULL;
	if ((object = load(datagrams)) == NULL) {
		ebpf_free(e);
		return NULL;
	}
	r = take(e, object);
	bpf_object__close(object);
	if (r == 0)
		return e;
	ebpf_free(e);
	return NULL;
}

/* To open a map by its number needs CAP_SYS_ADMIN. */
static int
find_out(char *why, size_t size)
{
	struct ebpf *e = ebpf_new(false), *again = NULL;
	json_t *saved;
	int r = -1;

	if (e == NULL) {
		snprintf(why, size, "%s",
		    errno == EPERM ? "needs CAP_BPF, CAP_NET_ADMIN and "
				     "CAP_SYS_ADMIN"
				   : strerror(errno));
		return -1;
	}
	saved = ebpf_save(e);
	if (saved == NULL || (again = ebpf_restore(saved, false)) == NULL)
		snprintf(why, size,
		    "its maps cannot be found again, which needs "
		    "CAP_SYS_ADMIN: %s",
		    strerror(errno));
	else
		r = 0;
	json_decref(saved);
	ebpf_free(again);
	ebpf_free(e);
	return r;
}

int
ebpf_try(char *why, size_t size)
{
	static enum { UNKNOWN, YES, NO } may;
	static char reason[EBPF_WHY];

	if (may == UNKNOWN)
		may = find_out(reason, sizeof(reason)) == 0 ? YES : NO;
	if (may == YES)
		return 0;
	strlcpy(why, reason, size);
	return -1;
}

json_t *
ebpf_save(const struct ebpf *e)
{
	json_t *maps = json_object();
	size_t i;

	for (i = 0; i < NMAPS; i++)
		json_object_set_new(
		    maps, map_names[i], json_integer(e->maps[i]));
	return json_pack("{si sI so}", "layout", EBPF_LAYOUT, "program",
	    (json_int_t)e->number, "maps", maps);
}

/* The kernel uses numbers again, so the map must have the name, too. */
static bool
is_map(const struct ebpf *e, enum map map)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = ebpf_open_map(e, map);
	bool is = fd != -1 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	    strcmp(info.name, map_names[map]) == 0;

	fd_close(&fd);
	return is;
}

/* An older build has one program for both protocols, which can do the same. */
static bool
is_program(const struct ebpf *e, int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	    (strcmp(info.name, program_names[e->datagrams]) == 0 ||
		strcmp(info.name, program_names[true]) == 0);
}

static int
find_again(struct ebpf *e, const json_t *saved)
{
	const json_t *maps = json_object_get(saved, "maps");
	size_t i;

	if (json_integer_value(json_object_get(saved, "layout")) !=
	    EBPF_LAYOUT) {
		errno = ESTALE;
		return -1;
	}
	e->number =
	    (__u32)json_integer_value(json_object_get(saved, "program"));
	e->program = bpf_prog_get_fd_by_id(e->number);
	if (e->program < 0) {
		e->program = -1;
		return -1;
	}
	if (!is_program(e, e->program)) {
		errno = ESTALE;
		return -1;
	}
	for (i = 0; i < NMAPS; i++) {
		e->maps[i] = (__u32)json_integer_value(
		    json_object_get(maps, map_names[i]));
		if (!is_map(e, (enum map)i)) {
			errno = ESTALE;
			return -1;
		}
	}
	return lookup(e, MAP_CURRENT, 0, &e->plan);
}

struct ebpf *
ebpf_restore(const json_t *saved, bool datagrams)
{
	struct ebpf *e = make(datagrams);
	int error;

	if (e == NULL || find_again(e, saved) == 0)
		return e;
	error = errno;
	ebpf_free(e);
	errno = error;
	return NULL;
}

int
ebpf_attach(const struct ebpf *e, int fd)
{
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &e->program,
	    sizeof(e->program));
}

static int
set_owner(struct ebpf *e, __u32 key, const unsigned int *generation, bool anew)
{
	struct ebpf_owner owner = { 0 };

	if (lookup(e, MAP_OWNERS, key, &owner) == -1)
		return -1;
	if (generation != NULL)
		owner.generation = *generation;
	owner.serial += anew;
	return store(e, MAP_OWNERS, key, &owner);
}

int
ebpf_put(struct ebpf *e, unsigned int key, int fd, unsigned int generation)
{
	const __u64 value = (__u64)fd;

	if (set_owner(e, key, &generation, true) == -1)
		return -1;
	return store(e, MAP_SOCKETS, key, &value);
}

int
ebpf_rename(struct ebpf *e, unsigned int key, unsigned int generation)
{
	return set_owner(e, key, &generation, false);
}

/* The kernel itself removes a socket that has been closed. */
void
ebpf_remove(struct ebpf *e, unsigned int key)
{
	const __u32 at = key;
	int fd = ebpf_open_map(e, MAP_SOCKETS);

	if (fd != -1)
		bpf_map_delete_elem(fd, &at);
	fd_close(&fd);
}

void
ebpf_forget_flows(struct ebpf *e, unsigned int key)
{
	set_owner(e, key, NULL, true);
}

static bool
is_among(const struct ebpf_net *net, const struct ebpf_net *nets, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (memcmp(&nets[i], net, sizeof(*net)) == 0)
			return true;
	return false;
}

/*
 * Begin again after each network that is removed, since the trie has changed.
 */
static void
remove_others(int fd, const struct ebpf_net *nets, size_t n)
{
	struct ebpf_net net, next;
	const void *at = NULL;

	while (bpf_map_get_next_key(fd, at, &next) == 0) {
		net = next;
		at = &net;
		if (is_among(&net, nets, n))
			continue;
		if (bpf_map_delete_elem(fd, &net) != 0)
			return;
		at = NULL;
	}
}

int
ebpf_set_preview(struct ebpf *e, const struct ebpf_net *nets, size_t n)
{
	int fd = ebpf_open_map(e, MAP_PREVIEW), r = 0;
	const __u8 yes = 1;
	size_t i;

	if (fd == -1)
		return -1;
	remove_others(fd, nets, n);
	for (i = 0; i < n && r == 0; i++)
		r = bpf_map_update_elem(fd, &nets[i], &yes, BPF_ANY);
	fd_close(&fd);
	return r == 0 ? 0 : -1;
}

int
ebpf_store(struct ebpf *e, const struct ebpf_plan *plan)
{
	const __u32 next = (e->plan + 1) % EBPF_PLANS;

	if (store(e, MAP_PLANS, next, plan) == -1 ||
	    store(e, MAP_CURRENT, 0, &next) == -1)
		return -1;
	e->plan = next;
	return 0;
}
