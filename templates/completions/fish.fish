
# `cargo pipe` as it is typed: the words after `pipe` are completed as those after `cargo-pipe`.
function __fish_cargo_then_pipe
    set -l words (commandline -opc)
    set -l typed (string join ' ' -- cargo-pipe (string escape -- $words[3..-1]) (commandline -ct))
    complete --do-complete "$typed"
end

function __fish_is_cargo_pipe
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test "$words[2]" = pipe
end

complete -c cargo -n __fish_is_cargo_pipe -f -a '(__fish_cargo_then_pipe)'
