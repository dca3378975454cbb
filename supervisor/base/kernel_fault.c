/* SPDX-License-Identifier: ISC */
/*
 * Compares the kernel's version with the releases that have the fix.
 */
#include "base/kernel_fault.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* The first release of each series that has the fix; 7.1 and later have it. */
static const struct {
	unsigned int major, minor, patch;
} fixes[] = {
	{ 5, 10, 259 },
	{ 5, 15, 210 },
	{ 6, 1, 176 },
	{ 6, 6, 143 },
	{ 6, 12, 94 },
	{ 6, 18, 36 },
	{ 7, 0, 13 },
};

bool
kernel_fault_in(const char *version, char fixed[static KERNEL_VERSION_TEXT])
{
	unsigned int major, minor, patch = 0;
	size_t i;

	if (sscanf(version, "%u.%u.%u", &major, &minor, &patch) < 2 ||
	    major > 7 || (major == 7 && minor > 0))
		return false;
	for (i = 0; i < sizeof(fixes) / sizeof(fixes[0]); i++) {
		if (fixes[i].major != major || fixes[i].minor != minor)
			continue;
		snprintf(fixed, KERNEL_VERSION_TEXT, "%u.%u.%u", major, minor,
		    fixes[i].patch);
		return patch < fixes[i].patch;
	}
	/* The series ended without the fix. */
	snprintf(fixed, KERNEL_VERSION_TEXT, "7.1");
	return true;
}

/* Ubuntu's file names the release of kernel.org behind Ubuntu's own release. */
static bool
read_signature(char version[static KERNEL_VERSION_TEXT])
{
	char line[128] = "";
	FILE *f = fopen("/proc/version_signature", "re");
	const char *last;

	if (f == NULL)
		return false;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	if ((last = strrchr(line, ' ')) == NULL)
		return false;
	snprintf(version, KERNEL_VERSION_TEXT, "%s", last + 1);
	return true;
}

/*
 * Find the release of kernel.org.  uname(2) tells it as the release, but on
 * Debian the release is the number of the ABI, and the version contains the
 * release of kernel.org.
 */
static void
read_version(char version[static KERNEL_VERSION_TEXT])
{
	struct utsname name;
	const char *debian;

	version[0] = '\0';
	if (uname(&name) == -1 || read_signature(version))
		return;
	debian = strstr(name.version, "Debian ");
	snprintf(version, KERNEL_VERSION_TEXT, "%s",
	    debian != NULL ? debian + strlen("Debian ") : name.release);
	version[strcspn(version, "-+ ")] = '\0';
}

bool
kernel_fault_reuseport(char running[static KERNEL_VERSION_TEXT],
    char fixed[static KERNEL_VERSION_TEXT])
{
	read_version(running);
	return kernel_fault_in(running, fixed);
}

bool
kernel_fault_migrate(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	return uname(&name) == 0 &&
	    sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	    (major < 5 || (major == 5 && minor < 14));
}
