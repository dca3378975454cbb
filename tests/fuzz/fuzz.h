/* SPDX-License-Identifier: ISC */
/*
 * A fuzz target is one function of bytes, with the name that libFuzzer calls;
 * tests/fuzz/driver.c calls it if there is no libFuzzer.  The target aborts if
 * the code under test breaks a promise.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <err.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * How many inputs our driver makes from the seeds, for a target with slow
 * steps; by default 5,000.
 */
extern const unsigned int fuzz_tries __attribute__((weak));

/* The bytes with a NUL behind them, *new*; what comes after one is lost. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Not assert(3), which NDEBUG removes. */
#define FUZZ_EXPECT(condition)                                                 \
	do {                                                                   \
		if (!(condition)) {                                            \
			warn("%s:%d: not %s", __FILE__, __LINE__, #condition); \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
