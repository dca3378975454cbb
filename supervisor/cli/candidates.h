/* SPDX-License-Identifier: ISC */
/*
 * What may stand in one place of a command line, printed for a shell that
 * completes words: a line for each candidate, WORD, a tab and what it means; or
 * a line that says which of its own completions the shell shall use, such as
 * `:file`.
 */
#ifndef CLI_CANDIDATES_H
#define CLI_CANDIDATES_H

/* Strings are borrowed. */
struct place {
	const char *typed;   /* the word so far */
	const char *service; /* that is named before; NULL: none */
	const char *before;  /* what stands before it in its word: `--ready=` */
};

/* Print a candidate if it goes on with what is typed.  help may be NULL. */
void candidate(const struct place *, const char *word, const char *help);

/*
 * The candidates for a value that the usage calls so: `NAME`, `FILE`,
 * `auto|ebpf|classic`.  option is the option whose value it is, or NULL.
 */
void candidates_of_value(
    const struct place *, const char *option, const char *metavar);

/* Which part of a list `a,b,c` is typed: candidates for it alone. */
void candidates_of_list(const struct place *, const char *const *words);

#endif
