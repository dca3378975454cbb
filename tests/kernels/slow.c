/* SPDX-License-Identifier: ISC */
/*
 * slow WHAT MICROSECONDS COMMAND...: while the command runs, the kernel takes
 * at least so long at one place.  An emulated processor that has to wait for a
 * real one stops there by chance.
 *
 *   lookup     it has found a listening socket for a packet, and has not yet
 *              asked that socket for its SO_REUSEPORT group
 *   departure  a socket that is shut down has left its group, and still says
 *              that it listens
 *
 * The exit status is the command's; 77 if the kernel lets nobody do this.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS	   30000 /* as many as the verifier follows */
#define IMPOSSIBLE 77

#define INSN(c, dst, src, o, i)                                              \
	(struct bpf_insn)                                                    \
	{                                                                    \
		.code = (c), .dst_reg = (dst), .src_reg = (src), .off = (o), \
		.imm = (i)                                                   \
	}
#define GET_TIME INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_ns)

static const struct place {
	const char *what;
	const char *function;
	enum bpf_attach_type at;
} places[] = {
	{ "lookup", "reuseport_select_sock", BPF_TRACE_FENTRY },
	{ "departure", "inet_unhash", BPF_TRACE_FEXIT },
};

/*
 * A program that ends after ns, or at its last turn.  It has no loop, since
 * Linux 5.10 cannot follow that many turns of one.
 */
static size_t
write_program(struct bpf_insn *code, int32_t ns)
{
	const struct bpf_insn begin[] = {
		GET_TIME,
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 6, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, 6, 0, 0, ns),
	};
	const struct bpf_insn turn[] = {
		GET_TIME,
		INSN(BPF_JMP | BPF_JLT | BPF_X, 0, 6, 2, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	struct bpf_insn *p = code;
	int i;

	p = mempcpy(p, begin, sizeof(begin));
	for (i = 0; i < TURNS; i++)
		p = mempcpy(p, turn, sizeof(turn));
	/* The last one ends in any case. */
	p[-3] = INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0);
	return (size_t)(p - code);
}

static int
attach(const struct place *place, int32_t ns)
{
	static struct bpf_insn code[4 * TURNS + 4];
	LIBBPF_OPTS(
	    bpf_prog_load_opts, options, .expected_attach_type = place->at);
	int id = libbpf_find_vmlinux_btf_id(place->function, place->at);
	int program;

	if (id < 0)
		return -1;
	options.attach_btf_id = (uint32_t)id;
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "slow", "GPL", code,
	    write_program(code, ns), &options);
	return program < 0 ? -1 : bpf_raw_tracepoint_open(NULL, program);
}

static const struct place *
find(const char *what)
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i].what, what) == 0)
			return &places[i];
	errx(2, "%s is no place", what);
}

int
main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 4)
		errx(2, "usage: slow lookup|departure MICROSECONDS COMMAND...");
	if (attach(find(argv[1]), 1000 * atoi(argv[2])) < 0) {
		warn("the kernel cannot be made slow here");
		return IMPOSSIBLE;
	}
	if ((pid = fork()) == 0) {
		execvp(argv[3], argv + 3);
		err(127, "%s", argv[3]);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		err(1, "%s", argv[3]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
