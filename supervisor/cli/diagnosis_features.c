/* SPDX-License-Identifier: ISC */
/*
 * What the kernel and this user's rights allow, and whether hotswap's own files
 * and directories are in order.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/kernel_fault.h"
#include "base/paths.h"
#include "cli/diagnosis.h"
#include "cli/field.h"
#include "process/features.h"
#include "process/parts.h"
#include "traffic/ebpf.h"

static enum feature_state
check_part(enum part part, char detail[static FEATURE_DETAIL])
{
	const char *path = parts_path(part);

	if (access(path, R_OK) == 0)
		return FEATURE_PRESENT;
	snprintf(detail, FEATURE_DETAIL, "%.60s: %s", path, strerror(errno));
	return FEATURE_ABSENT;
}

static enum feature_state
check_prober(char detail[static FEATURE_DETAIL])
{
	return check_part(PART_PROBER, detail);
}

static enum feature_state
check_library(char detail[static FEATURE_DETAIL])
{
	return check_part(PART_PRELOAD, detail);
}

void
diagnosis_nearest(const char *path, char nearest[static PATH_MAX])
{
	char *slash;

	strlcpy(nearest, path, PATH_MAX);
	while (eaccess(nearest, F_OK) == -1 && errno == ENOENT &&
	    (slash = strrchr(nearest, '/')) != NULL && slash[1] != '\0')
		slash[slash == nearest] = '\0';
}

/*
 * We must be able to write to the directory; if it does not exist, to the
 * nearest directory above it, in which it would be created.
 */
static enum feature_state
check_directory(const char *directory, char detail[static FEATURE_DETAIL])
{
	char nearest[PATH_MAX];

	diagnosis_nearest(directory, nearest);
	if (eaccess(nearest, W_OK | X_OK) == 0) {
		snprintf(detail, FEATURE_DETAIL, "%.90s", directory);
		return FEATURE_PRESENT;
	}
	snprintf(detail, FEATURE_DETAIL, "%.60s: %s", nearest, strerror(errno));
	return FEATURE_ABSENT;
}

static enum feature_state
check_runtime(char detail[static FEATURE_DETAIL])
{
	char path[PATH_MAX], same[PATH_MAX];

	if (paths_runtime(path, false) == -1)
		return FEATURE_ABSENT;
	/* If the directory exists, its owner and its mode matter as well. */
	if (access(path, F_OK) == 0 && paths_runtime(same, true) == -1) {
		snprintf(
		    detail, FEATURE_DETAIL, "%.60s: %s", path, strerror(errno));
		return FEATURE_ABSENT;
	}
	return check_directory(path, detail);
}

static enum feature_state
check_state(char detail[static FEATURE_DETAIL])
{
	char path[PATH_MAX];

	if (paths_state("NAME", path, false) == -1)
		return FEATURE_ABSENT;
	return check_directory(path, detail);
}

static enum feature_state
check_ebpf(char detail[static FEATURE_DETAIL])
{
	char why[EBPF_WHY];

	if (ebpf_try(why, sizeof(why)) == 0)
		return FEATURE_PRESENT;
	snprintf(detail, FEATURE_DETAIL, "%.90s", why);
	return FEATURE_LIMITED;
}

/* Classic programs do, unless replacing one can crash the kernel. */
static enum feature_state
check_kernel(char detail[static FEATURE_DETAIL])
{
	char running[KERNEL_VERSION_TEXT], fixed[KERNEL_VERSION_TEXT];
	char why[EBPF_WHY];

	if (!kernel_fault_reuseport(running, fixed))
		return FEATURE_PRESENT;
	snprintf(detail, FEATURE_DETAIL, "Linux %.20s has CVE-2026-52910%s",
	    running,
	    ebpf_try(why, sizeof(why)) == 0 ? "; eBPF steers instead" : "");
	return FEATURE_LIMITED;
}

static const struct feature own[] = {
	{ "runtime directory", "control sockets and locks",
	    "set HOTSWAP_RUNTIME_DIR to a directory of your own", true,
	    check_runtime },
	{ "state directory", "images for rollbacks, history, logs",
	    "set HOTSWAP_STATE_DIR to a directory of your own", true,
	    check_state },
	{ "eBPF steering", "UDP flows that stay, counts, --steering ebpf",
	    "run hotswap as root, and build it with clang and libbpf-dev",
	    false, check_ebpf },
	{ "kernel", "classic BPF programs that are replaced under traffic",
	    "update the kernel, unless its distribution has mended it", false,
	    check_kernel },
	{ "prober", "--health by http, https, tcp, grpc and unix",
	    "install hotswap-probe with hotswap", false, check_prober },
	{ "preload library", "--shim preload",
	    "install libhotswap-preload.so with hotswap", false,
	    check_library },
};

static json_t *
feature_to_json(const struct feature *feature)
{
	static const char *const states[] = {
		[FEATURE_PRESENT] = "present",
		[FEATURE_LIMITED] = "limited",
		[FEATURE_ABSENT] = "absent",
	};
	char detail[FEATURE_DETAIL] = "";
	enum feature_state state = feature->check(detail);

	return json_pack("{ss ss ss sb ss ss}", "name", feature->name,
	    "purpose", feature->purpose, "state", states[state], "essential",
	    feature->essential, "detail", detail, "remedy",
	    state == FEATURE_PRESENT ? "" : feature->remedy);
}

json_t *
diagnosis_features(void)
{
	const struct feature *table;
	json_t *list = json_array();
	size_t i, n;

	table = features_table(&n);
	for (i = 0; i < n; i++)
		json_array_append_new(list, feature_to_json(&table[i]));
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		json_array_append_new(list, feature_to_json(&own[i]));
	return list;
}

bool
diagnosis_is_usable(const json_t *features)
{
	const json_t *feature;
	size_t i;

	json_array_foreach (features, i, feature)
		if (json_is_true(json_object_get(feature, "essential")) &&
		    strcmp(field_string(feature, "state"), "absent") == 0)
			return false;
	return true;
}
