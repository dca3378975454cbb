/* SPDX-License-Identifier: ISC */
/*
 * The paths of hotswap's other files.
 */
#include "process/parts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"

static const struct {
	const char *built; /* relative to the binary's directory */
	const char *installed;
} parts[] = {
	[PART_PROBER] = { "hotswap-probe",
	    HOTSWAP_LIBEXECDIR "/hotswap-probe" },
	[PART_FLEET] = { "hotswap-fleet", HOTSWAP_LIBEXECDIR "/hotswap-fleet" },
	[PART_PRELOAD] = { "../lib/libhotswap-preload.so",
	    HOTSWAP_LIBEXECDIR "/libhotswap-preload.so" },
};

const char *
parts_path(enum part part)
{
	static char path[PATH_MAX];
	char candidate[PATH_MAX], *base;
	size_t room;
	ssize_t n;

	n = readlink("/proc/self/exe", candidate, sizeof(candidate) - 1);
	candidate[n > 0 ? n : 0] = '\0';
	if ((base = strrchr(candidate, '/')) == NULL)
		return parts[part].installed;
	room = sizeof(candidate) - (size_t)(++base - candidate);
	if (strlcpy(base, parts[part].built, room) >= room ||
	    realpath(candidate, path) == NULL)
		return parts[part].installed;
	return path;
}
