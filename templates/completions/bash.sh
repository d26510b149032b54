
# Completes words that contain `:` or `@`, such as `core:lint`: bash takes them for several words.
_cargo_pipe_whole_words() {
    local -a words=()
    local at word last=-1 current=0
    for at in "${!COMP_WORDS[@]}"; do
        word=${COMP_WORDS[at]}
        if ((last >= 0)) && [[ $word == [:@]* || ${words[last]} == *[:@] ]] \
            && [[ $COMP_LINE == *"${words[last]}$word"* ]]; then
            words[last]+=$word
        else
            last=$((last + 1))
            words[last]=$word
        fi
        ((at == COMP_CWORD)) && current=$last
    done
    COMP_WORDS=("${words[@]}")
    COMP_CWORD=$current
    word=${words[current]}
    _cargo_pipe "$1" "$word" "${words[current - 1]}"
    # Bash keeps what is before the last of these characters.
    if [[ $COMP_WORDBREAKS == *:* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*[:@]}"}"}")
    fi
}
complete -F _cargo_pipe_whole_words -o bashdefault -o default cargo-pipe

# `cargo pipe` as it is typed: what cargo completes otherwise stays as it is.
_cargo_then_pipe() {
    if [[ ${COMP_WORDS[1]} == pipe && $COMP_CWORD -gt 1 ]]; then
        COMP_WORDS=(cargo-pipe "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo_pipe_whole_words cargo-pipe
        return
    fi
    # Cargo's own script may be loaded only now, and then takes the place of this function.
    if [[ -z $_cargo_before_pipe ]] && declare -F __load_completion >/dev/null; then
        __load_completion cargo && _cargo_pipe_follows_cargo
    fi
    [[ -n $_cargo_before_pipe ]] && "$_cargo_before_pipe" "$@"
}

# Remembers the function that completes `cargo`, and calls it for everything but `cargo pipe`.
_cargo_pipe_follows_cargo() {
    if [[ $(complete -p cargo 2>/dev/null) =~ \ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _cargo_then_pipe ]]; then
        _cargo_before_pipe=${BASH_REMATCH[1]}
    fi
    complete -F _cargo_then_pipe -o bashdefault -o default cargo
}

_cargo_pipe_follows_cargo
