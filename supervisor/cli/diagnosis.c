/* SPDX-License-Identifier: ISC */
/*
 * What a program is, and how it would be wrapped on this machine.
 */
#include "cli/diagnosis.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli/field.h"
#include "cli/known_server.h"
#include "config/options.h"
#include "process/features.h"
#include "process/image.h"
#include "process/image_check.h"
#include "process/parts.h"
#include "process/program_kind.h"
#include "process/shim.h"

#define SENTENCE 512

/* The program that is examined. */
struct patient {
	char *const *argv;
	const char *file; /* as found, symbolic links resolved */
	struct program_kind kind;
	struct shim_choice choice;
	enum shim_backend shim; /* as --shim asks */
	bool wrapped;		/* a backend fits */
	const struct known_server *known;
};

static void
set_string(json_t *to, const char *key, const char *text)
{
	json_object_set_new(to, key, json_string(text));
}

static void __attribute__((format(printf, 2, 3)))
warn_of(json_t *warnings, const char *fmt, ...)
{
	char text[SENTENCE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(warnings, json_string(text));
}

static void
warn_of_server(json_t *warnings, const struct patient *patient)
{
	const struct known_server *known = patient->known;

	if (known == NULL)
		return;
	if (known_server_will_detach(known, patient->argv + 1))
		warn_of(warnings,
		    known->detaches
			? "the program detaches itself by default: keep it in "
			  "the foreground with %s"
			: "%s detaches the program: leave this out, so that "
			  "the program stays in the foreground",
		    known->flag);
	if (known->claims != NULL)
		warn_of(warnings,
		    "the old and the new generation run at the same time, and "
		    "both want %s",
		    known->claims);
}

static json_t *
find_warnings(const struct patient *patient)
{
	json_t *warnings = json_array();

	if (!patient->wrapped)
		warn_of(warnings,
		    "the program cannot be wrapped here: it must take its "
		    "sockets from hotswap (--shim off --listen ADDRESS)");
	else if (patient->choice.no_new_privs)
		warn_of(warnings,
		    "set-user-ID programs that the program starts (sudo, ping) "
		    "get no privilege");
	else if (patient->choice.backend == SHIM_PRELOAD)
		warn_of(warnings,
		    "programs that it starts are wrapped too, except static "
		    "and Go programs; --shim seccomp wraps all");
	warn_of_server(warnings, patient);
	return warnings;
}

static void
set_kind(json_t *to, const struct program_kind *kind)
{
	static const char *const libcs[] = {
		[PROGRAM_LIBC_NONE] = "none",
		[PROGRAM_LIBC_GLIBC] = "glibc",
		[PROGRAM_LIBC_MUSL] = "musl",
		[PROGRAM_LIBC_OTHER] = "other",
	};
	char text[SENTENCE];

	program_kind_describe(kind, text, sizeof(text));
	set_string(to, "kind", text);
	set_string(to, "interpreter", kind->scripts > 0 ? kind->file : "");
	json_object_set_new(to, "bits", json_integer(kind->bits));
	json_object_set_new(to, "native", json_boolean(kind->native));
	set_string(to, "libc", libcs[kind->libc]);
	set_string(to, "loader", kind->loader);
	json_object_set_new(to, "go", json_boolean(kind->go));
	json_object_set_new(to, "set_id", json_boolean(kind->set_id));
}

static void
set_choice(json_t *to, const struct patient *patient)
{
	static const char *const backends[] = {
		[SHIM_SECCOMP] = "seccomp",
		[SHIM_PRELOAD] = "preload",
		[SHIM_OFF] = "off",
	};

	set_string(to, "backend", backends[patient->choice.backend]);
	json_object_set_new(
	    to, "no_new_privs", json_boolean(patient->choice.no_new_privs));
	set_string(to, "why", patient->choice.why);
}

/* The name that was given may be a symbolic link to another name. */
static const struct known_server *
find_known(const struct patient *patient)
{
	const struct known_server *known = known_server_find(patient->argv[0]);

	return known != NULL ? known : known_server_find(patient->file);
}

static void
examine(json_t *to, struct patient *patient)
{
	bool library = access(parts_path(PART_PRELOAD), R_OK) == 0;
	const struct shim_facts facts = features_shim_facts(library);
	const struct known_server *known;

	patient->wrapped = shim_choose(&patient->choice, patient->shim,
			       &patient->kind, &facts) == 0;
	patient->known = known = find_known(patient);
	set_kind(to, &patient->kind);
	set_choice(to, patient);
	set_string(to, "options",
	    known != NULL && known->options != NULL ? known->options : "");
	json_object_set_new(to, "warnings", find_warnings(patient));
}

json_t *
diagnosis_program(const struct options *options, char *const *program)
{
	const struct image_spec spec = { .argv = program,
		.chdir = options->chdir,
		.user = options->user,
		.group = options->group,
		.umask = options->umask };
	const struct image_known none = { NULL, NULL };
	json_t *image = image_check(&spec, NULL, &none);
	json_t *result = json_object();
	struct patient patient = { .argv = program, .shim = options->shim };
	const char *error = field_string(image, "error");
	char why[SENTENCE];

	patient.file = field_string(image, "program");
	set_string(result, "program", program[0]);
	if (error[0] == '\0') {
		set_string(result, "file", patient.file);
		if (program_kind_read(&patient.kind, patient.file) == 0)
			examine(result, &patient);
		else {
			image_explain(patient.file, errno, why, sizeof(why));
			json_object_set_new(result, "error",
			    json_sprintf("%s %s", patient.file, why));
		}
	} else
		set_string(result, "error", error);
	json_decref(image);
	return result;
}
