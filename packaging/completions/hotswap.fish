# SPDX-License-Identifier: ISC
# Completion of hotswap for fish.  What may stand where is told by
# `hotswap complete`, hotswap(1).

function __hotswap_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l before ''
    set -l value $typed
    if string match -q -- '--*=*' $typed
        set before (string replace -r -- '=.*' '=' $typed)
        set value (string replace -r -- '^[^=]*=' '' $typed)
    end
    for line in ($words[1] complete -- $words[2..-1] $typed 2>/dev/null)
        switch $line
            case :file
                printf "$before%s\n" (__fish_complete_path $value)
            case :directory
                printf "$before%s\n" (__fish_complete_directories $value '')
            case :user
                printf "$before%s\n" (__fish_complete_users)
            case :group
                printf "$before%s\n" (__fish_complete_groups)
            case :program
                set -l end (contains -i -- -- $words)
                set -l rest $words[(math $end + 1)..-1]
                complete -C (string join ' ' -- (string escape -- $rest) $typed)
            case '*'
                echo $line
        end
    end
end

complete -c hotswap -f -a '(__hotswap_complete)'
