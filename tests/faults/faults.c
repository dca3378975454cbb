/* SPDX-License-Identifier: ISC */
/*
 * Makes calls of libc fail.  `make faults` links this into a hotswap of its
 * own: what is defined here goes before libc, also for the libraries.  The
 * file that HOTSWAP_FAULTS names is the plan, shared by all processes of that
 * hotswap and by the campaign that writes it; without it nothing fails.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#ifdef FAULTS_FRAMES
#include <jansson.h>
#endif
#include <link.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define SITES_MAX   8192 /* a power of two */
#define MODULES_MAX 64
#define TRACE_MAX   16
#define DIRECT	    1000 /* syscall(2): its number and this */

enum role {
	ROLE_SUPERVISOR = 1,
	ROLE_KEEPER = 2, /* and the command that becomes it */
	ROLE_CHILD = 3,	 /* of the supervisor, before it executes another */
	ROLE_OTHER = 4,
};

/*
 * A site: role << 60 | call << 44 | module << 40 | offset of the return
 * address in the module.  tests/faults/plan.py knows this layout.
 */
struct site {
	uint64_t key;
	uint64_t hits;
};

struct plan {
	uint32_t armed;
	uint32_t nth;	   /* the first hit of key that fails */
	uint32_t for_long; /* and then every such call of the role */
	int32_t error;
	uint64_t key;
	uint32_t fired;
	uint32_t spare;
	uint64_t trace[TRACE_MAX]; /* who called whom, in the executable */
	struct site sites[SITES_MAX];
};

struct module {
	uintptr_t start, end, base;
	unsigned number;
};

static struct plan *plan;
static pid_t self;
static uint64_t role;
static struct module modules[MODULES_MAX];
static size_t nmodules;

enum call {
	CALL_NONE,
#define CALL(type, name, parameters, arguments, failure) CALL_##name,
#define RELEASE						 CALL
#include "calls.h"
#undef CALL
#undef RELEASE
	CALL_open,
	CALL_openat,
	CALL_fcntl,
	CALL_ioctl,
	CALL_prctl,
	CALL_clone,
	CALL_malloc,
	CALL_calloc,
	CALL_realloc,
	CALL_reallocarray,
	CALL_COUNT,
};

/* The names in the order of the numbers, for the campaign. */
const char faults_names[] __attribute__((used)) =
    "FAULTS:"
#define CALL(type, name, parameters, arguments, failure) #name " "
#define RELEASE						 CALL
#include "calls.h"
#undef CALL
#undef RELEASE
    "open openat fcntl ioctl prctl clone malloc calloc realloc "
    "reallocarray\n";

/* From the executable on: the order of tests/faults/plan.py. */
static const char *const module_names[] = { "", "libevent", "libjansson",
	"libbsd", "libmd", "libseccomp", "libbpf", "libc.so" };

static int
add_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	size_t i, n = sizeof(module_names) / sizeof(module_names[0]);
	unsigned number = info->dlpi_name[0] == '\0' ? 0 : n;

	for (i = 1; number != 0 && i < n; i++)
		if (strstr(info->dlpi_name, module_names[i]) != NULL)
			number = i;
	for (i = 0; i < info->dlpi_phnum && nmodules < MODULES_MAX; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || (p->p_flags & PF_X) == 0)
			continue;
		modules[nmodules].base = info->dlpi_addr;
		modules[nmodules].start = info->dlpi_addr + p->p_vaddr;
		modules[nmodules].end = modules[nmodules].start + p->p_memsz;
		modules[nmodules++].number = number;
	}
	return 0;
}

static uint64_t
role_by_arguments(void)
{
	char line[4096] = "";
	const char *second;
	int fd = (int)syscall(SYS_open, "/proc/self/cmdline", O_RDONLY);
	long n = syscall(SYS_read, fd, line, sizeof(line) - 1);

	syscall(SYS_close, fd);
	second = n > 0 ? line + strlen(line) + 1 : line;
	if (strcmp(second, "--supervise") == 0)
		return ROLE_SUPERVISOR;
	return strncmp(second, "--", 2) == 0 ? ROLE_OTHER : ROLE_KEEPER;
}

static void __attribute__((constructor)) faults_open(void)
{
	const char *path = getenv("HOTSWAP_FAULTS");
	void *map, *unused;
	long fd;

	if (path == NULL || (fd = syscall(SYS_open, path, O_RDWR)) == -1)
		return;
	dl_iterate_phdr(add_module, NULL);
	map = (void *)syscall(SYS_mmap, NULL, sizeof(*plan),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	self = getpid();
	backtrace(&unused, 1); /* it loads what it needs */
	role = role_by_arguments();
	if (map != MAP_FAILED)
		plan = map;
}

static struct site *
find_site(uint64_t key)
{
	size_t i, at = (key * 0x9E3779B97F4A7C15u) >> 40;
	uint64_t none;

	for (i = 0; i < SITES_MAX; i++) {
		struct site *site = &plan->sites[(at + i) % SITES_MAX];

		none = 0;
		if (site->key == key ||
		    __atomic_compare_exchange_n(&site->key, &none, key, false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
		    none == key)
			return site;
	}
	return NULL;
}

static uint64_t
key_of(uint64_t call, uintptr_t address)
{
	uint64_t who = role, module = 15, offset = 0;
	size_t i;

	if (role == ROLE_SUPERVISOR && getpid() != self)
		who = ROLE_CHILD;
	for (i = 0; i < nmodules; i++)
		if (address >= modules[i].start && address < modules[i].end) {
			module = modules[i].number;
			offset = address - modules[i].base;
		}
	return who << 60 | call << 44 | module << 40 | offset;
}

/* The callers at the first fault: the offsets in the executable alone. */
static void
note_callers(void)
{
	void *addresses[3 * TRACE_MAX];
	int i, n = backtrace(addresses, 3 * TRACE_MAX);
	size_t used = 0;
	uint64_t key;

	for (i = 2; i < n && used < TRACE_MAX; i++) {
		key = key_of(0, (uintptr_t)addresses[i]);
		if ((key >> 40 & 15) == 0)
			plan->trace[used++] = key & 0xffffffffff;
	}
}

/* Shall this call fail?  It sets errno then. */
static bool
fails(uint64_t call, void *address)
{
	const uint64_t call_and_role = ~UINT64_C(0) << 44;
	struct site *site;
	uint64_t key, hit;
	bool now;

	if (plan == NULL || !plan->armed)
		return false;
	key = key_of(call, (uintptr_t)address);
	if ((site = find_site(key)) == NULL)
		return false;
	hit = __atomic_add_fetch(&site->hits, 1, __ATOMIC_SEQ_CST);
	now = key == plan->key && hit == plan->nth;
	now = now ||
	    (plan->for_long && plan->fired != 0 &&
		((key ^ plan->key) & call_and_role) == 0);
	if (!now)
		return false;
	if (__atomic_fetch_add(&plan->fired, 1, __ATOMIC_SEQ_CST) == 0)
		note_callers();
	errno = plan->error;
	return true;
}

#ifdef FAULTS_FRAMES
/*
 * base/memory.c calls malloc for libraries.  The call of such a library is the
 * site; frame pointers lead there.
 */
#define MEMORY_SIZE 160 /* of its function, or more */
static bool
is_memory(const void *address)
{
	static json_malloc_t get;
	json_free_t unused;

	if (plan == NULL || !plan->armed)
		return false;
	if (get == NULL)
		json_get_alloc_funcs(&get, &unused);
	return (uintptr_t)address - (uintptr_t)get < MEMORY_SIZE;
}
#endif

#define FAILS(name) fails(CALL_##name, __builtin_return_address(0))

#define REAL(name)                     \
	static __typeof__(&name) real; \
	if (real == NULL)              \
	real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define CALL(type, name, parameters, arguments, failure) \
	type name parameters                             \
	{                                                \
		REAL(name);                              \
		if (FAILS(name))                         \
			return failure;                  \
		return real arguments;                   \
	}
#define RELEASE(type, name, parameters, arguments, failure) \
	type name parameters                                \
	{                                                   \
		type result;                                \
		REAL(name);                                 \
		result = real arguments;                    \
		return FAILS(name) ? failure : result;      \
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnonnull-compare"
#include "calls.h"
#pragma GCC diagnostic pop

/* The calls with a number of arguments that varies. */

#define LAST(type, after)          \
	type last;                 \
	va_list list;              \
	va_start(list, after);     \
	last = va_arg(list, type); \
	va_end(list)

int
open(const char *path, int flags, ...)
{
	REAL(open);
	LAST(mode_t, flags);
	return FAILS(open) ? -1 : real(path, flags, last);
}

int
openat(int fd, const char *path, int flags, ...)
{
	REAL(openat);
	LAST(mode_t, flags);
	return FAILS(openat) ? -1 : real(fd, path, flags, last);
}

int
fcntl(int fd, int what, ...)
{
	REAL(fcntl);
	LAST(void *, what);
	return FAILS(fcntl) ? -1 : real(fd, what, last);
}

int
ioctl(int fd, unsigned long what, ...)
{
	REAL(ioctl);
	LAST(void *, what);
	return FAILS(ioctl) ? -1 : real(fd, what, last);
}

int
prctl(int what, ...)
{
	unsigned long a[4];
	va_list list;
	size_t i;

	REAL(prctl);
	va_start(list, what);
	for (i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	return FAILS(prctl) ? -1 : real(what, a[0], a[1], a[2], a[3]);
}

int
clone(int (*run)(void *), void *stack, int flags, void *arg, ...)
{
	REAL(clone);
	return FAILS(clone) ? -1 : real(run, stack, flags, arg);
}

long
syscall(long number, ...)
{
	unsigned long a[6];
	va_list list;
	size_t i;

	REAL(syscall);
	va_start(list, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	if (fails(DIRECT + number, __builtin_return_address(0)))
		return -1;
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Memory. */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t each);
extern void *__libc_realloc(void *p, size_t n);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wframe-address"
void *
malloc(size_t n)
{
	void *site = __builtin_return_address(0);

#ifdef FAULTS_FRAMES /* all has frame pointers */
	if (is_memory(site))
		site = __builtin_return_address(1);
#endif
	return fails(CALL_malloc, site) ? NULL : __libc_malloc(n);
}
#pragma GCC diagnostic pop

void *
calloc(size_t n, size_t each)
{
	return FAILS(calloc) ? NULL : __libc_calloc(n, each);
}

void *
realloc(void *p, size_t n)
{
	return FAILS(realloc) ? NULL : __libc_realloc(p, n);
}

void *
reallocarray(void *p, size_t n, size_t each)
{
	size_t all;

	if (FAILS(reallocarray))
		return NULL;
	if (__builtin_mul_overflow(n, each, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(p, all);
}
