# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Completion of hotswap for bash, with the package bash-completion.  What may
# stand where is told by `hotswap complete`, hotswap(1).

# _hotswap_typed WORD: the part of the word that readline replaces, which begins
# behind the last = or : if these break words.
_hotswap_typed()
{
	local broken=${COMP_WORDBREAKS//[^=:]/}

	[[ -n $broken && $1 == *[$broken]* ]] || return 0
	before=${1%"${1##*["$broken"]}"}
}

_hotswap()
{
	local cur cword words word before=''

	_get_comp_words_by_ref -n =: cur words cword
	_hotswap_typed "$cur"
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		case $word in
		:file | :directory)
			[[ $cur != --*=* ]] || cur=${cur#*=}
			if [[ $word == :file ]]; then
				_filedir
			else
				_filedir -d
			fi
			;;
		:user) mapfile -t COMPREPLY < <(compgen -u -- "${cur#--*=}") ;;
		:group) mapfile -t COMPREPLY < <(compgen -g -- "${cur#--*=}") ;;
		:program)
			for ((word = 1; word < COMP_CWORD; word++)); do
				[[ ${COMP_WORDS[word]} != -- ]] || break
			done
			_command_offset $((word + 1))
			;;
		*)
			COMPREPLY+=("${word#"$before"}")
			[[ $word != *[=:/] ]] || compopt -o nospace
			;;
		esac
	done < <("${words[0]}" complete -- "${words[@]:1:cword}" 2>/dev/null)
} &&
	complete -F _hotswap hotswap
