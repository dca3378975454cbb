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
	int above;	   /* how many directories above the binary's, */
	const char *built; /* and the path from there */
	const char *installed;
} parts[] = {
	[PART_PROBER] = { 0, "/hotswap-probe",
	    HOTSWAP_LIBEXECDIR "/hotswap-probe" },
	[PART_FLEET] = { 0, "/hotswap-fleet",
	    HOTSWAP_LIBEXECDIR "/hotswap-fleet" },
	[PART_PRELOAD] = { 1, "/lib/libhotswap-preload.so",
	    HOTSWAP_LIBEXECDIR "/libhotswap-preload.so" },
};

const char *
parts_path(enum part part)
{
	static char path[PATH_MAX];
	char *slash;
	ssize_t n;
	int i;

	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	for (i = 0; i <= parts[part].above; i++) {
		if ((slash = strrchr(path, '/')) == NULL)
			return parts[part].installed;
		*slash = '\0';
	}
	if (strlcat(path, parts[part].built, sizeof(path)) >= sizeof(path) ||
	    access(path, F_OK) == -1)
		return parts[part].installed;
	return path;
}
